import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {MongoClient, MongoServerError, type Db} from 'mongodb';
import {freePort} from './free-port.ts';
import {untilItAnswers, type ServerKind, type TestServer} from './server.ts';

const START_TIMEOUT_MS = 30_000;
const REPLICA_SET = ['--replSet', 'rs0'];
const ALREADY_INITIALIZED = 23;
const urlOf = (port: number): string => `mongodb://127.0.0.1:${port}/?directConnection=true`;

/** A replica set of one member, so that it has transactions. */
export const mongodb: ServerKind = {
    name: 'mongodb',
    title: 'MongoDB',
    variable: 'WOLTAGE_TEST_MONGODB_URL',
    install: 'see https://www.mongodb.com/docs/manual/installation, or brew install mongodb-community',
    standIn: 'an in-process server of its wire protocol',
    image: {name: 'mongo:8', port: 27017, environment: {}, args: REPLICA_SET, url: urlOf},
    isInstalled: () => spawnSync('mongod', ['--version']).error === undefined,
    startLocal,
    answers
};

/** Whether there is a primary; a set that is new is initiated. */
async function answers(url: string): Promise<boolean> {
    const client = new MongoClient(url, {serverSelectionTimeoutMS: 2000, connectTimeoutMS: 2000});
    try {
        const admin = client.db('admin');
        const {isWritablePrimary, setName} = await admin.command({hello: 1});
        if (isWritablePrimary !== true && setName === undefined)
            await initiate(admin);
        return isWritablePrimary === true;
    } catch {
        return false;
    } finally {
        await client.close();
    }
}

/** The only member is named by the address that it has in its own eyes: inside a container, the port is another one. */
async function initiate(admin: Db): Promise<void> {
    const {parsed} = await admin.command({getCmdLineOpts: 1}) as {parsed?: {net?: {port?: number}}};
    const host = `127.0.0.1:${parsed?.net?.port ?? 27017}`;
    await admin.command({replSetInitiate: {_id: 'rs0', members: [{_id: 0, host}]}}).catch(unlessInitialized);
}

function unlessInitialized(error: unknown): void {
    if (!(error instanceof MongoServerError) || error.code !== ALREADY_INITIALIZED)
        throw error;
}

async function startLocal(settings: readonly string[] = []): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-mongodb-'));
    const server = new LocalMongoDB(folder, await freePort(), settings);
    try {
        await server.start();
    } catch (error) {
        await server.stop();
        throw error;
    }
    return server;
}

class LocalMongoDB implements TestServer {
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
        const data = join(this.#folder, 'data');
        await mkdir(data, {recursive: true});
        const child = this.#process = spawn('mongod', [
            '--bind_ip', '127.0.0.1', '--port', String(this.port), '--dbpath', data, '--nounixsocket', ...REPLICA_SET, ...this.#settings
        ], {stdio: 'ignore'});
        let hasEnded = false;
        child.once('exit', () => hasEnded = true);
        await untilItAnswers(mongodb, this.url, START_TIMEOUT_MS, () => hasEnded);
    }

    async kill(): Promise<void> {
        const child = this.#process;
        this.#process = undefined;
        if (child === undefined || child.exitCode !== null || child.signalCode !== null)
            return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
    }

    async stop(): Promise<void> {
        await this.kill();
        process.off('exit', this.#onExit);
        await rm(this.#folder, {recursive: true, force: true});
    }
}
