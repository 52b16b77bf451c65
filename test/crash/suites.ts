import {afterAll} from 'vitest';
import {describeWith, findServer, type Found} from '../servers/find-server.ts';
import {createDatabase} from '../servers/postgres-database.ts';
import {postgres} from '../servers/postgres.ts';
import {redis} from '../servers/redis.ts';
import type {ServerKind} from '../servers/server.ts';
import {adapters} from './adapters.ts';

/** The servers that suites need, by the name of their adapter. */
const servers: Readonly<Record<string, ServerKind>> = {redis, postgres};

export interface SuiteOptions {
    /** For processes. */
    readonly env: NodeJS.ProcessEnv;
    /** How many times longer everything takes than in a file of this machine: who is killed too early is killed before anything has happened. */
    readonly slowness: number;
}

/** Makes a suite for each adapter; one that needs a server which can't be had is skipped, and named at the end of the run. */
export async function describeAdapters(what: string, suite: (adapter: string, options: SuiteOptions) => void): Promise<void> {
    for (const adapter of Object.keys(adapters)) {
        const kind = servers[adapter];
        const found = kind === undefined ? {url: ''} : await ownPlace(kind, await findServer(kind, `crashes on ${adapter}`));
        const slowness = kind !== undefined ? 4 : adapter === 'single-key' ? 2 : 1;
        const env = {WOLTAGE_CRASH_SERVER: 'url' in found ? found.url : '', WOLTAGE_CRASH_SLOWNESS: String(slowness)};
        describeWith(found, `on ${adapter}, ${what}`, () => suite(adapter, {env, slowness}));
    }
}

/** A database of this file's own, where the server has such. */
async function ownPlace({name}: ServerKind, found: Found): Promise<Found> {
    if (name !== postgres.name || !('url' in found))
        return found;
    const {url, drop} = await createDatabase(found.url);
    afterAll(drop);
    return {url};
}
