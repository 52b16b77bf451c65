import {afterAll} from 'vitest';
import {startInProcess, transactional} from '../../packages/store-mongodb/test/server/servers.ts';
import {describeWith, findServer, urlOf, type Found} from '../servers/find-server.ts';
import {createDatabase} from '../servers/postgres-database.ts';
import {postgres} from '../servers/postgres.ts';
import {redis} from '../servers/redis.ts';
import {adapters} from './adapters.ts';

/** The servers that suites need, by the name of their adapter. What is started is ended after the file's tests. */
const servers: Readonly<Record<string, () => Promise<Found>>> = {
    redis: () => findServer(redis, 'crashes on redis'),
    async postgres() {
        const found = await findServer(postgres, 'crashes on postgres');
        if ('missing' in found)
            return found;
        const {url, drop} = await createDatabase(urlOf(found));
        afterAll(drop);
        return {url};
    },
    mongodb: () => untilEnd(transactional.start()),
    'mongodb-standalone': () => untilEnd(startInProcess({topology: 'standalone'}))
};

/** The MongoDB server of the tests has to share a core with them. */
const SLOWNESS: Readonly<Record<string, number>> = {'single-key': 2, 'redis': 4, 'postgres': 4, 'mongodb': 6, 'mongodb-standalone': 6};

async function untilEnd(starting: Promise<{readonly url: string; stop(): Promise<void>}>): Promise<Found> {
    const server = await starting;
    afterAll(() => server.stop());
    return {url: server.url};
}

export interface SuiteOptions {
    /** For processes. */
    readonly env: NodeJS.ProcessEnv;
    /** How many times longer everything takes than in a file of this machine: who is killed too early is killed before anything has happened. */
    readonly slowness: number;
}

/**
 * Makes a suite for each adapter; one that needs a server which can't be had is skipped, and named at the end of the run.
 *
 * @param only Their names, by default all
 */
export async function describeAdapters(what: string, suite: (adapter: string, options: SuiteOptions) => void, only: readonly string[] = Object.keys(adapters)): Promise<void> {
    for (const adapter of only) {
        const found = await servers[adapter]?.();
        const slowness = SLOWNESS[adapter] ?? 1;
        const env = {WOLTAGE_CRASH_SERVER: found !== undefined && 'url' in found ? found.url : '', WOLTAGE_CRASH_SLOWNESS: String(slowness)};
        describeWith(found ?? {isStartable: true}, `on ${adapter}, ${what}`, () => suite(adapter, {env, slowness}));
    }
}
