import {obtainServer} from '../servers/find-server.ts';
import {createDatabase} from '../servers/postgres-database.ts';
import {postgres} from '../servers/postgres.ts';

/** Vitest's global set-up: a database for the suites, which learn of it by the environment. What isn't there is not tested, and said. */
export default async function setup(): Promise<() => Promise<void>> {
    const server = await obtainServer(postgres);
    if ('missing' in server) {
        if (process.env['WOLTAGE_REQUIRE']?.split(',').includes(postgres.name) === true)
            throw new Error(`WOLTAGE_REQUIRE names ${postgres.name}, but ${server.missing}`);
        console.warn(`Crash suites on ${postgres.title}: not tested. ${server.missing}`);
        return () => Promise.resolve();
    }
    const database = await createDatabase(server.url);
    process.env['WOLTAGE_CRASH_POSTGRES_URL'] = database.url;
    return async () => {
        await database.drop();
        await server.stop();
    };
}
