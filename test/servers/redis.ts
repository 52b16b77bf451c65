import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {connect, createServer, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe} from 'vitest';

/** A Redis server of a test's own, on a free port of this machine, with an append-only file that outlives {@link RedisServer.kill}. */
export interface RedisServer {
    readonly port: number;
    readonly url: string;
    /** Starts it (again), with the data that it had. */
    start(): Promise<void>;
    /** Ends it at once, as a crash does. */
    kill(): Promise<void>;
    /** Halts it without ending its connections. */
    pause(): void;
    resume(): void;
    /** Ends it, and removes its data. */
    stop(): Promise<void>;
}

const WHY_NOT = spawnSync('redis-server', ['--version']).error === undefined
    ? undefined
    : 'redis-server is not installed: apt-get install redis-server, or brew install redis';

/** `describe` where there is a `redis-server`. Otherwise its tests are skipped under a name that says why, or fail with `WOLTAGE_REQUIRE=redis`. */
export const describeWithRedis = (name: string, suite: () => void): void => {
    if (WHY_NOT === undefined || process.env['WOLTAGE_REQUIRE']?.split(',').includes('redis') === true)
        describe(name, suite);
    else
        describe.skip(`${name} (${WHY_NOT})`, suite);
};

const givenUrl = process.env['WOLTAGE_TEST_REDIS_URL'];

/** The same for suites that {@link findRedis} finds a server for. */
export const describeWithFoundRedis = givenUrl === undefined ? describeWithRedis : describe;

/** The server that `WOLTAGE_TEST_REDIS_URL` names, or one of the test's own; for tests that keep to keys of their own. */
export async function findRedis(): Promise<Pick<RedisServer, 'url' | 'stop'>> {
    return givenUrl === undefined ? startRedis() : {url: givenUrl, stop: () => Promise.resolve()};
}

/** Starts `redis-server`. @throws when it is not installed */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-redis-'));
    const port = await freePort();
    const server = new LocalRedis(port, folder, settings);
    await server.start();
    return server;
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
        this.url = `redis://127.0.0.1:${port}`;
        this.#folder = folder;
        this.#settings = settings;
        process.once('exit', this.#onExit);
    }

    async start(): Promise<void> {
        const child = this.#process = spawn('redis-server', [
            '--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder, '--save', '', '--appendonly', 'yes', '--daemonize', 'no', ...this.#settings
        ], {stdio: 'ignore'});
        const failed = once(child, 'error').then(([error]) => {
            throw error;
        });
        const ended = once(child, 'exit').then(([code]) => {
            throw new Error(`redis-server ended with code ${code}.`);
        });
        failed.catch(() => undefined);
        ended.catch(() => undefined);
        await Promise.race([this.#answers(), failed, ended]);
    }

    async kill(): Promise<void> {
        await this.#end('SIGKILL');
    }

    pause(): void {
        this.#process?.kill('SIGSTOP');
    }

    resume(): void {
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

    async #answers(): Promise<void> {
        for (; ;) {
            const socket = connect(this.port, '127.0.0.1');
            try {
                await once(socket, 'connect');
                socket.write('PING\r\n');
                const [answer] = await once(socket, 'data') as [Buffer];
                // It refuses a stranger, but it is there.
                if (answer.toString().startsWith('+PONG') || answer.toString().startsWith('-NOAUTH'))
                    return;
            } catch {
                // Not yet.
            } finally {
                socket.destroy();
            }
            await new Promise(resolve => setTimeout(resolve, 10));
        }
    }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const {port} = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
}
