import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const START_TIMEOUT_MS = 60_000;

/** An example that was started as its `npm start` does, with data of its own. */
export interface RunningExample {
    /** All that it has printed so far. */
    readonly output: () => string;
    /** Where it says that it listens. */
    readonly url: string;
    /** @returns How it has ended, as Node.js tells it */
    stop(): Promise<unknown>;
}

/** Folders for data, removed together. */
export const dataFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'woltage-example-'));
export const removeFolder = (folder: string): Promise<void> => rm(folder, {recursive: true, force: true});

/** Runs it until it ends by itself. @returns What it has printed @throws when it doesn't end well */
export async function runExample(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
    const {child, output} = await launch(name, args, env);
    const [code] = await once(child, 'close') as [number | null];
    if (code !== 0)
        throw new Error(`The example ended with ${code}:\n${output()}`);
    return output();
}

/** Starts one that goes on, and resolves when it listens and has said so at the end of its walk. */
export async function startExample(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<RunningExample> {
    const {child, output} = await launch(name, args, {PORT: '0', ...env});
    const stop = async (): Promise<unknown> => {
        if (child.exitCode !== null || child.signalCode !== null)
            return [child.exitCode, child.signalCode];
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        return ended;
    };
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
        const [, url] = / is open at (http:\/\/127\.0\.0\.1:\d+)/.exec(output()) ?? [];
        if (url !== undefined)
            return {url, output, stop};
        if (child.exitCode !== null || Date.now() > deadline) {
            await stop();
            throw new Error(`The example did not start:\n${output()}`);
        }
        await new Promise(resolve => void setTimeout(resolve, 20));
    }
}

async function launch(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<{readonly child: ChildProcess; readonly output: () => string}> {
    const cwd = join(root, 'examples', name);
    const {scripts} = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8')) as {scripts: {start: string}};
    const [program, ...words] = scripts.start.split(' ');
    if (program !== 'node')
        throw new Error(`The start command of ${name} must begin with node: ${scripts.start}`);
    const {KAFKA_BROKERS: _, POSTGRES_URL: __, DATABASE_URL: ___, MONGODB_URL: ____, ...rest} = process.env;
    const child = spawn(process.execPath, [...words, ...args], {cwd, env: {...rest, ...env}, stdio: ['ignore', 'pipe', 'pipe']});
    let text = '';
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (data: string) => text += data);
    return {child, output: () => text};
}

/** The blocks of a README in one language. */
export async function blocksOf(name: string, language: string): Promise<string[]> {
    const text = await readFile(join(root, 'examples', name, 'README.md'), 'utf8');
    return Array.from(text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs')), ([, block]) => block as string);
}

/** Without what differs from run to run: UUIDs, ports, hashes, times. */
export const withoutIds = (text: string): string => text
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>').replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>').replace(/"createdAt":\d+/g, '"createdAt":<time>').trim();
