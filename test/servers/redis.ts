import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {freePort} from './free-port.ts';
import {untilItAnswers, type ServerKind, type TestServer} from './server.ts';

/** Its append-only file outlives {@link TestServer.kill}. */
export interface RedisServer extends TestServer {
    /** Halts it without ending its connections. */
    pause(): Promise<void>;
    resume(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const SETTINGS = ['--save', '', '--appendonly', 'yes'];
const urlOf = (port: number): string => `redis://127.0.0.1:${port}`;

export const redis: ServerKind<RedisServer> = {
    name: 'redis',
    title: 'Redis',
    variable: 'WOLTAGE_TEST_REDIS_URL',
    install: 'apt-get install redis-server, or brew install redis',
    image: {name: 'redis:8', port: 6379, environment: {}, args: ['redis-server', ...SETTINGS], url: urlOf},
    isInstalled: () => spawnSync('redis-server', ['--version']).error === undefined,
    startLocal,
    answers
};

/** Starts `redis-server`. */
async function startLocal(settings: readonly string[] = []): Promise<RedisServer> {
    const server = new LocalRedis(await freePort(), await mkdtemp(join(tmpdir(), 'woltage-redis-')), settings);
    try {
        await server.start();
    } catch (error) {
        await server.stop();
        throw error;
    }
    return server;
}

/** Whether it answers, be it that it refuses a stranger. */
async function answers(url: string): Promise<boolean> {
    const {hostname, port} = new URL(url);
    const socket = connect({host: hostname, port: Number(port || 6379), timeout: 2000});
    socket.once('timeout', () => socket.destroy());
    try {
        await once(socket, 'connect');
        socket.write('PING\r\n');
        const [answer] = await once(socket, 'data') as [Buffer];
        return /^(\+PONG|-NOAUTH)/.test(answer.toString());
    } catch {
        return false;
    } finally {
        socket.destroy();
    }
}

class LocalRedis implements RedisServer {
    readonly port: number;
    readonly url: string;
    readonly #folder: string;
    readonly #settings: readonly string[];
    #process: ChildProcess | undefined;
    /** For a test process that ends before its hooks have run. */
    readonly #onExit = (): void => void this.#process?.kill('SIGKILL');

    constructor(port: number, folder: string, settings: readonly string[]) {
        this.port = port;
        this.url = urlOf(port);
        this.#folder = folder;
        this.#settings = settings;
        process.once('exit', this.#onExit);
    }

    async start(): Promise<void> {
        const child = this.#process = spawn('redis-server', [
            '--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder, '--daemonize', 'no', ...SETTINGS, ...this.#settings
        ], {stdio: 'ignore'});
        let hasEnded = false;
        child.once('exit', () => hasEnded = true);
        await untilItAnswers(redis, this.url, START_TIMEOUT_MS, () => hasEnded);
    }

    async kill(): Promise<void> {
        await this.#end('SIGKILL');
    }

    async pause(): Promise<void> {
        this.#process?.kill('SIGSTOP');
    }

    async resume(): Promise<void> {
        this.#process?.kill('SIGCONT');
    }

    async stop(): Promise<void> {
        await this.#end('SIGKILL');
        process.off('exit', this.#onExit);
        await rm(this.#folder, {recursive: true, force: true});
    }

    async #end(signal: NodeJS.Signals): Promise<void> {
        const child = this.#process;
        this.#process = undefined;
        if (child === undefined || child.exitCode !== null || child.signalCode !== null)
            return;
        const ended = once(child, 'exit');
        child.kill(signal);
        await ended;
    }
}
