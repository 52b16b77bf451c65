import {PostgresEventStore} from '@woltage/eventstore-postgres';
import {PostgresStore} from '@woltage/store-postgres';
import pg from 'pg';
import createWoltage, {MemoryEventStore, MemoryEventStoreData, STATE_NEW, uuidV7, type EventData} from 'woltage';
import {postgres} from '../../test/servers/postgres.ts';
import {account, AccountProjector, Moved, payload} from './domain.ts';
import {compare, print} from './measure.ts';
import {inFlight} from './runtime.ts';

const EVENTS = Number(process.argv[2] ?? 200_000);
const APPENDS = Number(process.argv[3] ?? 4000);
const ACCOUNTS = 10_000;
const PAGE = 1000;
const ROUNDS = 3;

/** One with a disk that is waited for, as in earnest. */
const given = process.env['WOLTAGE_TEST_POSTGRES_URL'];
const server = given === undefined ? await postgres.startLocal(['fsync=on', 'full_page_writes=on', 'max_wal_size=4GB']) : {url: given, stop: () => Promise.resolve()};
const {url} = server;
const schema = `bench_${Date.now()}`;
const pool = new pg.Pool({connectionString: url});

const eventOf = (): EventData => {
    const id = uuidV7();
    return {id, type: 'moved', version: 1, timestamp: Date.now(), payload, meta: {}, correlationId: id, causationId: null, tags: []};
};

try {
    await replay();
    await appends();
} finally {
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; DROP SCHEMA IF EXISTS ${schema}_internal CASCADE; DROP TABLE IF EXISTS raw_accounts, raw_events`);
    await pool.end();
    await server.stop();
}

async function replay(): Promise<void> {
    const data = new MemoryEventStoreData();
    const source = new MemoryEventStore(data);
    await source.connect();
    const accountIds = Array.from({length: EVENTS}, (_, i) => `account-${i * 7919 % ACCOUNTS}`);
    for (let i = 0; i < EVENTS; i += PAGE)
        await source.appendAll(accountIds.slice(i, i + PAGE).map(aggregateId => ({aggregateName: 'account', aggregateId, events: [eventOf()]})));

    let version = 0;
    const figures = await compare({
        'Woltage, a whole replay': async () => {
            const woltage = await createWoltage({
                eventStore: {adapter: MemoryEventStore, args: [data]}, internalStore: {adapter: PostgresStore, args: [{connectionString: url, schema: `${schema}_internal`}]},
                stores: {main: {adapter: PostgresStore, args: [{connectionString: url, schema}]}}, eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector]
            });
            await woltage.addProjection('account', ++version, 'AccountProjector', 1, 'main');
            await woltage.getProjection('account', version)?.untilLive();
            await woltage.stop();
            return EVENTS;
        },
        'raw pg, a folded upsert a page': async () => {
            await pool.query('DROP TABLE IF EXISTS raw_accounts; CREATE TABLE raw_accounts (id text PRIMARY KEY, balance double precision NOT NULL, moves double precision NOT NULL)');
            const rows = new Map<string, {balance: number; moves: number}>();
            let page = new Map<string, {balance: number; moves: number}>();
            for (const [i, id] of accountIds.entries()) {
                const row = rows.get(id) ?? {balance: 0, moves: 0};
                row.balance += payload.amount;
                row.moves++;
                rows.set(id, row);
                page.set(id, row);
                if (i % PAGE !== PAGE - 1 && i !== EVENTS - 1)
                    continue;
                const changed = [...page.values()];
                await pool.query({
                    name: 'upsert', text: `INSERT INTO raw_accounts SELECT * FROM unnest($1::text[], $2::float8[], $3::float8[])
                        ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, moves = excluded.moves`,
                    values: [[...page.keys()], changed.map(({balance}) => balance), changed.map(({moves}) => moves)]
                });
                page = new Map();
            }
            return EVENTS;
        }
    }, ROUNDS);
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
