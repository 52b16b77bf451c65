import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {chown, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {promisify} from 'node:util';
import pg from 'pg';
import {freePort} from './free-port.ts';
import {untilItAnswers, type ServerKind, type TestServer} from './server.ts';

const run = promisify(execFile);
const USER = 'woltage';
const PASSWORD = 'loopback-only';
const START_TIMEOUT_MS = 20_000;
const urlOf = (port: number): string => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`;

export const postgres: ServerKind = {
    name: 'postgres',
    title: 'PostgreSQL',
    variable: 'WOLTAGE_TEST_POSTGRES_URL',
    install: 'apt-get install postgresql, or brew install postgresql',
    image: {
        name: 'postgres:17', port: 5432, environment: {POSTGRES_USER: USER, POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: 'postgres'}, args: ['-c', 'fsync=off'], url: urlOf
    },
    isInstalled: () => binaries() !== undefined,
    startLocal,
    answers
};

/** The folder that holds `initdb` and `postgres`: of the path, or where Debian and its like put them. */
function binaries(): string | undefined {
    const debian = '/usr/lib/postgresql';
    const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
    const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...versions.map(version => join(debian, version, 'bin'))];
    return folders.find(folder => folder !== '' && existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')));
}

async function answers(url: string): Promise<boolean> {
    const client = new pg.Client({connectionString: url, connectionTimeoutMillis: 2000});
    try {
        await client.connect();
        await client.end();
        return true;
    } catch {
        return false;
    }
}

/** PostgreSQL refuses to run as root: then it runs as a user that has no rights. */
function unprivileged(): {readonly uid: number; readonly gid: number} | undefined {
    if (process.getuid?.() !== 0)
        return undefined;
    const users = readFileSync('/etc/passwd', 'utf8').split('\n').map(line => line.split(':'));
    const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
    if (user === undefined)
        throw new Error('PostgreSQL doesn\'t run as root, and there is no user postgres or nobody to run it.');
    return {uid: Number(user[2]), gid: Number(user[3])};
}

/** A folder for temporary files that the server's user can get to, which the one of a user may be closed to. */
function temporaryFolder(): string {
    const isOpen = (path: string): boolean => (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isOpen(dirname(path)));
    return unprivileged() === undefined ? tmpdir() : [tmpdir(), '/tmp', '/var/tmp'].find(path => existsSync(path) && isOpen(path)) ?? tmpdir();
}

/** @param settings For example `fsync=on`: the disk is not waited for otherwise, as a killed process loses nothing by that */
async function startLocal(settings: readonly string[] = []): Promise<TestServer> {
    const folder = await mkdtemp(join(temporaryFolder(), 'woltage-postgres-'));
    const server = new LocalPostgres(binaries() as string, folder, await freePort(), settings);
    try {
        await server.initialize();
        await server.start();
    } catch (error) {
        await server.stop();
        throw error;
    }
    return server;
}

class LocalPostgres implements TestServer {
    readonly port: number;
    readonly url: string;
    readonly #binaries: string;
    readonly #folder: string;
    readonly #settings: readonly string[];
    readonly #user = unprivileged();
    #process: ChildProcess | undefined;
    #output = '';
    /** For a test process that ends before its hooks have run. */
    readonly #onExit = (): void => void this.#process?.kill('SIGQUIT');

    constructor(folderOfBinaries: string, folder: string, port: number, settings: readonly string[]) {
        this.#binaries = folderOfBinaries;
        this.#folder = folder;
        this.#settings = settings;
        this.port = port;
        this.url = urlOf(port);
        process.once('exit', this.#onExit);
    }

    async initialize(): Promise<void> {
        const passwordFile = join(this.#folder, 'password');
        await writeFile(passwordFile, PASSWORD);
        if (this.#user !== undefined)
            await Promise.all([this.#folder, passwordFile].map(path => chown(path, this.#user?.uid ?? 0, this.#user?.gid ?? 0)));
        await run(join(this.#binaries, 'initdb'), [
            '--pgdata', this.#data, '--username', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'
        ], {...this.#user, cwd: this.#folder});
    }

    async start(): Promise<void> {
        const settings = ['fsync=off', 'full_page_writes=off', 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', ...this.#settings];
        const child = this.#process = spawn(join(this.#binaries, 'postgres'), [
            '-D', this.#data, '-p', String(this.port), ...settings.flatMap(setting => ['-c', setting])
        ], {...this.#user, cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe']});
        this.#output = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => this.#output = (this.#output + text).slice(-4000));
        let hasEnded = false;
        child.once('exit', () => hasEnded = true);
        await untilItAnswers(postgres, this.url, START_TIMEOUT_MS, () => hasEnded).catch((error: unknown) => {
            throw new Error(`${(error as Error).message}\n${this.#output}`);
        });
    }

    kill(): Promise<void> {
        // To the postmaster, whose children outlive it for a moment when it is killed: this ends them all, without a checkpoint.
        return this.#end('SIGQUIT');
    }

    async stop(): Promise<void> {
        await this.#end('SIGQUIT');
        process.off('exit', this.#onExit);
        await rm(this.#folder, {recursive: true, force: true});
    }

    get #data(): string {
        return join(this.#folder, 'data');
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
