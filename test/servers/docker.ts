import {execFile, execFileSync} from 'node:child_process';
import {promisify} from 'node:util';
import {freePort} from './free-port.ts';
import {untilItAnswers, type ServerKind, type TestServer} from './server.ts';

const run = promisify(execFile);
/** Pulling an image may take its time. */
const PULL_TIMEOUT_MS = 300_000;
const START_TIMEOUT_MS = 60_000;

/** Whether a real engine stands behind the `docker` command. */
export async function hasDocker(): Promise<boolean> {
    try {
        await run('docker', ['info', '--format', '{{.ServerVersion}}'], {timeout: 10_000});
        return true;
    } catch {
        return false;
    }
}

/** Runs the official image on a loopback port. */
export async function startInDocker(kind: ServerKind, settings: readonly string[] = []): Promise<DockerServer> {
    const {image} = kind;
    const port = await freePort();
    const environment = Object.entries(image.environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const {stdout} = await run('docker', [
        'run', '--detach', '--publish', `127.0.0.1:${port}:${image.port}`, ...environment, image.name, ...image.args, ...settings
    ], {timeout: PULL_TIMEOUT_MS});
    const container = new DockerServer(kind, stdout.trim(), port);
    try {
        await untilItAnswers(kind, container.url, START_TIMEOUT_MS);
    } catch (error) {
        await container.stop();
        throw error;
    }
    return container;
}

export class DockerServer implements TestServer {
    readonly port: number;
    readonly url: string;
    readonly #kind: ServerKind;
    readonly #id: string;
    /** For a test process that ends before its hooks have run. */
    readonly #onExit = (): void => void execFileSync('docker', ['rm', '--force', '--volumes', this.#id], {stdio: 'ignore'});

    constructor(kind: ServerKind, id: string, port: number) {
        this.#kind = kind;
        this.#id = id;
        this.port = port;
        this.url = kind.image.url(port);
        process.once('exit', this.#onExit);
    }

    async start(): Promise<void> {
        await run('docker', ['start', this.#id]);
        await untilItAnswers(this.#kind, this.url, START_TIMEOUT_MS);
    }

    async kill(): Promise<void> {
        await run('docker', ['kill', this.#id]);
    }

    /** Halts it without ending its connections. */
    async pause(): Promise<void> {
        await run('docker', ['pause', this.#id]);
    }

    async resume(): Promise<void> {
        await run('docker', ['unpause', this.#id]);
    }

    async stop(): Promise<void> {
        process.off('exit', this.#onExit);
        await run('docker', ['rm', '--force', '--volumes', this.#id]);
    }
}
