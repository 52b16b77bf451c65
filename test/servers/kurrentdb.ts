import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {freePort} from './free-port.ts';
import {untilItAnswers, type ServerKind, type TestServer} from './server.ts';

const START_TIMEOUT_MS = 60_000;
const SETTINGS = ['--insecure', '--run-projections=None'];
const urlOf = (port: number): string => `kurrentdb://127.0.0.1:${port}?tls=false`;

export const kurrentdb: ServerKind = {
    name: 'kurrentdb',
    title: 'KurrentDB',
    variable: 'WOLTAGE_TEST_KURRENTDB_URL',
    install: 'see https://docs.kurrent.io/server/latest/quick-start/installation.html',
    image: {name: 'kurrentplatform/kurrentdb:latest', port: 2113, environment: {KURRENTDB_TELEMETRY_OPTOUT: 'true'}, args: SETTINGS, url: urlOf},
    standIn: 'an in-process server of KurrentDB\'s protocol (packages/eventstore-kurrentdb/test/server)',
    isInstalled: () => spawnSync('kurrentd', ['--version'], {stdio: 'ignore'}).error === undefined,
    startLocal,
    answers
};

/** Asks over HTTP, which the server speaks beside gRPC. */
async function answers(url: string): Promise<boolean> {
    try {
        const {host} = new URL(url.replace(/^[a-z]+:/, 'http:'));
        return (await fetch(`http://${host}/health/live`, {signal: AbortSignal.timeout(2000)})).ok;
    } catch {
        return false;
    }
}

async function startLocal(settings: readonly string[] = []): Promise<TestServer> {
    const server = new LocalKurrentDB(await mkdtemp(join(tmpdir(), 'woltage-kurrentdb-')), await freePort(), settings);
    try {
        await server.start();
    } catch (error) {
        await server.stop();
        throw error;
    }
    return server;
}

class LocalKurrentDB implements TestServer {
    readonly port: number;
    readonly url: string;
    readonly #folder: string;
    readonly #settings: readonly string[];
    #process: ChildProcess | undefined;
    /** For a test process that ends before its hooks have run. */
    readonly #onExit = (): void => void this.#process?.kill('SIGKILL');

    constructor(folder: string, port: number, settings: readonly string[]) {
        this.#folder = folder;
        this.#settings = settings;
        this.port = port;
        this.url = urlOf(port);
        process.once('exit', this.#onExit);
    }

    async start(): Promise<void> {
        const child = this.#process = spawn('kurrentd', [
            ...SETTINGS, `--node-port=${this.port}`, '--node-ip=127.0.0.1', '--replication-ip=127.0.0.1', `--replication-port=${await freePort()}`,
            `--db=${join(this.#folder, 'data')}`, `--log=${join(this.#folder, 'log')}`, ...this.#settings
        ], {stdio: 'ignore', env: {...process.env, KURRENTDB_TELEMETRY_OPTOUT: 'true'}});
        let hasEnded = false;
        child.once('exit', () => hasEnded = true);
        await untilItAnswers(kurrentdb, this.url, START_TIMEOUT_MS, () => hasEnded);
    }

    kill(): Promise<void> {
        return this.#end();
    }

    async stop(): Promise<void> {
        await this.#end();
        process.off('exit', this.#onExit);
        await rm(this.#folder, {recursive: true, force: true});
    }

    async #end(): Promise<void> {
        const child = this.#process;
        this.#process = undefined;
        if (child === undefined || child.exitCode !== null || child.signalCode !== null)
            return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
    }
}
