import {PostgresEventStore} from '@woltage/eventstore-postgres';
import {PostgresStore} from '@woltage/store-postgres';
import pg from 'pg';
import {STATE_NEW, uuidV7} from 'woltage';
import {postgres} from '../../test/servers/postgres.ts';
import {payload} from './domain.ts';
import {eventOf, History} from './history.ts';
import {compare, print} from './measure.ts';
import {inFlight} from './runtime.ts';
import {comparePeer} from './store-peers.ts';

const EVENTS = Number(process.argv[2] ?? 200_000);
const APPENDS = Number(process.argv[3] ?? 4000);
const ACCOUNTS = 10_000;
const ROUNDS = 3;

/** One with a disk that is waited for, as in earnest. */
const given = process.env['WOLTAGE_TEST_POSTGRES_URL'];
const server = given === undefined ? await postgres.startLocal(['fsync=on', 'full_page_writes=on', 'max_wal_size=4GB']) : {url: given, stop: () => Promise.resolve()};
const {url} = server;
const schema = `bench_${Date.now()}`;
const pool = new pg.Pool({connectionString: url});

try {
    await replay();
    await appends();
} finally {
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; DROP TABLE IF EXISTS raw_accounts, raw_events`);
    await pool.end();
    await server.stop();
}

async function replay(): Promise<void> {
    const history = await History.create(EVENTS, ACCOUNTS);
    const store = {adapter: PostgresStore, args: [{connectionString: url, schema}]};
    const figures = await compare({
        'Woltage': () => history.replay(store),
        'raw pg, a folded upsert a page': async () => {
            await pool.query('DROP TABLE IF EXISTS raw_accounts; CREATE TABLE raw_accounts (id text PRIMARY KEY, balance double precision NOT NULL, moves double precision NOT NULL)');
            return history.fold(rows => pool.query({
                name: 'upsert', text: `INSERT INTO raw_accounts SELECT * FROM unnest($1::text[], $2::float8[], $3::float8[])
                    ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, moves = excluded.moves`,
                values: [rows.map(({id}) => id), rows.map(({balance}) => balance), rows.map(({moves}) => moves)]
            }));
        }
    }, ROUNDS);
    figures.push(...await comparePeer('woltage 1.12 with its PostgreSQLStore (npm)', '@woltage/store-postgres', [{connectionString: url}]));
    await pool.query('DROP TABLE IF EXISTS "_accounts"');
    print(`Replay of ${EVENTS.toLocaleString('en')} events from memory into PostgreSQL, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`, figures, 'raw pg, a folded upsert a page');
}

async function appends(): Promise<void> {
    const store = new PostgresEventStore({connectionString: url, schema});
    await store.connect();
    await pool.query('CREATE TABLE raw_events (position bigserial PRIMARY KEY, stream text, revision bigint, id text UNIQUE, payload json, UNIQUE (stream, revision))');
    let run = 0;
    const append = (n: number): Promise<unknown> => store.append('account', `${run}-${n}`, [eventOf()], STATE_NEW);
    const figures = await compare({
        'Woltage, 64 in flight': () => (run++, inFlight(APPENDS, 64, append)),
        'Woltage, one at a time': () => (run++, inFlight(APPENDS / 8, 1, append)),
        'raw pg, one insert each, 64 in flight': () => (run++, inFlight(APPENDS, 64, n => pool.query({
            name: 'insert', text: 'INSERT INTO raw_events (stream, revision, id, payload) VALUES ($1, 0, $2, $3)', values: [`${run}-${n}`, uuidV7(), JSON.stringify(payload)]
        }))),
        'raw pg, one insert each, one at a time': () => (run++, inFlight(APPENDS / 8, 1, n => pool.query({
            name: 'insert', text: 'INSERT INTO raw_events (stream, revision, id, payload) VALUES ($1, 0, $2, $3)', values: [`${run}-${n}`, uuidV7(), JSON.stringify(payload)]
        })))
    }, ROUNDS);
    print('Durable appends of one event to PostgreSQL', figures, 'Woltage, one at a time');
    await store.close();
}
