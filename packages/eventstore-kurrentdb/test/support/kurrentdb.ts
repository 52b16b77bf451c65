import {randomBytes} from 'node:crypto';
import {hasDocker} from '../../../../test/servers/docker.ts';
import {findServer, startServer} from '../../../../test/servers/find-server.ts';
import {kurrentdb} from '../../../../test/servers/kurrentdb.ts';
import type {TestServer} from '../../../../test/servers/server.ts';
import {KurrentDBServer} from '../server/kurrentdb-server.ts';

/** The real server of this test run, which test files share: each keeps to prefixes of its own. Without one, a server in this process, which the end of the run tells. */
export async function findKurrentDB(suite: string): Promise<Pick<TestServer, 'url' | 'stop'>> {
    const found = await findServer(kurrentdb, suite);
    return 'url' in found ? {url: found.url, stop: () => Promise.resolve()} : KurrentDBServer.start();
}

/** Whether {@link startKurrentDB} starts a real server. */
const canStart = await hasDocker() || kurrentdb.isInstalled();

/** Where the servers of {@link startKurrentDB} run, for the names of tests. */
export const whereStarted = canStart ? 'a KurrentDB of its own' : 'an in-process server';

/** A server of a test's own, to be killed and started again. */
export const startKurrentDB = (): Promise<TestServer> => canStart ? startServer(kurrentdb) : KurrentDBServer.start();

/** For streams that nobody else has. */
export const ownPrefix = (): string => `test${randomBytes(6).toString('hex')}.`;
