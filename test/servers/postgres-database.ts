import {randomBytes} from 'node:crypto';
import pg from 'pg';

const LEAVE_MS = 2000;

/** A database of a test file's own. */
export interface TestDatabase {
    readonly url: string;
    /** Removes it, whoever is connected. */
    drop(): Promise<void>;
}

/** Creates a database whose own order of text is none that the adapters could rely on. */
export async function createDatabase(serverUrl: string): Promise<TestDatabase> {
    const name = `woltage_${randomBytes(6).toString('hex')}`;
    await asAdmin(serverUrl, async client => {
        try {
            await client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'`);
        } catch {
            // Built without ICU, or older than 15.
            await client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
        }
    });
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return {
        url: url.href,
        drop: () => asAdmin(serverUrl, async client => {
            await untilLeft(client, name);
            await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        })
    };
}

/** Waits for connections that are being closed: one that is ended by force instead would tell so when nobody listens any more. */
async function untilLeft(client: pg.Client, name: string): Promise<void> {
    for (const end = Date.now() + LEAVE_MS; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 10))) {
        const {rows} = await client.query('SELECT FROM pg_stat_activity WHERE datname = $1', [name]);
        if (rows.length === 0)
            return;
    }
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
    const client = new pg.Client({connectionString: url});
    await client.connect();
    try {
        await work(client);
    } finally {
        await client.end();
    }
}
