import {findServer, startServer} from '../../../../test/servers/find-server.ts';
import {mongodb} from '../../../../test/servers/mongodb.ts';
import type {Topology} from './hello.ts';
import {InProcessMongoDB, type InProcessOptions} from './mongodb-server.ts';

/** A server for tests. */
export interface TestMongoDB {
    readonly title: string;
    /** For tests that keep to databases of their own. */
    start(): Promise<{readonly url: string; stop(): Promise<void>}>;
}

/** A real replica set, as the environment, Docker or `mongod` offer one; what the tests can't have, the run tells of at its end. */
const found = await findServer(mongodb, 'MongoDBStore');

const inProcess = (topology: Topology): TestMongoDB => ({title: `a ${topology} in this process`, start: () => InProcessMongoDB.start({topology})});

/** The server with transactions: a real one where there is one. */
export const transactional: TestMongoDB = 'url' in found ? {title: 'a real server', start: () => Promise.resolve({url: found.url, stop: () => Promise.resolve()})} : inProcess('replicaSet');

/** One without transactions, always of this process: it can be looked at and stopped between any two of its writes. */
export const standalone: TestMongoDB = inProcess('standalone');

/** A server of a test's own, to be killed and started again. */
export interface OwnMongoDB {
    readonly url: string;
    readonly port: number;
    start(): Promise<void>;
    kill(): Promise<void>;
    stop(): Promise<void>;
}

/** A server with transactions of a test's own: a real one where one can be started. */
export async function startOwn(): Promise<OwnMongoDB> {
    const isStartable = 'url' in found && (process.env[mongodb.variable] ?? '') === '';
    return isStartable ? startServer(mongodb) : InProcessMongoDB.start();
}

/** One of this process, with options that a real one would need more for. */
export const startInProcess = (options?: InProcessOptions): Promise<InProcessMongoDB> => InProcessMongoDB.start(options);
