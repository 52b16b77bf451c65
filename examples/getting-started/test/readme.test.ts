import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
    Array.from(readme.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs')), ([, block]) => block as string);

/** Splits a command line into words, as a shell does with single quotes. */
const words = (line: string): string[] => Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');

/** Does what curl would do. */
async function curl(args: readonly string[], base: string): Promise<string> {
    let url = '';
    const headers: Record<string, string> = {};
    const init: RequestInit = {headers};
    for (let i = 0; i < args.length; i++) {
        const arg = args[i] ?? '';
        const value = args[i + 1] ?? '';
        if (arg === '-X')
            init.method = value;
        else if (arg === '-d')
            init.body = value;
        else if (arg === '-H')
            headers[value.slice(0, value.indexOf(':'))] = value.slice(value.indexOf(':') + 1).trim();
        else {
            url = arg;
            continue;
        }
        i++;
    }
    return (await fetch(url.replace('http://127.0.0.1:3000', base), init)).text();
}

const withoutIds = (text: string): string => text.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>').trim();

describe('the README', () => {
    let server: ChildProcess;
    let folder: string;
    let base: string;

    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'woltage-example-'));
        server = spawn(process.execPath, ['--import', 'tsx', 'src/server.ts'], {
            cwd: join(root, 'examples/getting-started'), env: {...process.env, PORT: '0', DATA_FOLDER: folder}, stdio: ['ignore', 'pipe', 'inherit']
        });
        let output = '';
        for await (const text of server.stdout ?? []) {
            output += String(text);
            const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
            if (found !== null) {
                base = found[0];
                break;
            }
        }
        expect(base, `the server did not start: ${output}`).toBeDefined();
    });

    afterAll(async () => {
        const ended = once(server, 'exit');
        server.kill('SIGTERM');
        // The process must end by itself once everything has been stopped.
        expect(await ended).toEqual([0, null]);
        await rm(folder, {recursive: true});
    });

    it('shows what the example really answers', async () => {
        const commands = blocks('console').map(block => {
            const [first = '', ...rest] = block.split('\n');
            return {args: words(first.replace(/^\$ curl /, '')), expected: rest.join('\n')};
        });
        expect(commands).toHaveLength(7);
        for (const {args, expected} of commands)
            expect(withoutIds(await curl(args, base))).toBe(withoutIds(expected));
        expect(await readFile(join(folder, 'outbox.log'), 'utf8')).toBe('ann@example.com: Thank you for your order 1001.\n');
    });
});
