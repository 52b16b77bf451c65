import {loadavg} from 'node:os';
import {join} from 'node:path';
import {PostgresEventStore} from '@woltage/eventstore-postgres';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {PostgresStore} from '@woltage/store-postgres';
import {RedisStore} from '@woltage/store-redis';
import {SQLiteStore} from '@woltage/store-sqlite';
import type {AdapterConfig, IEventStore, IStore} from 'woltage';
import {postgres} from '../../test/servers/postgres.ts';
import {redis} from '../../test/servers/redis.ts';
import {median, print} from './measure.ts';
import {temporaryFolder} from './runtime.ts';
import {actionWork, CONCURRENCY, Meter, queueWork, type OpenQueue, type OpenWork, type Work} from './work.ts';
import {bullMq, graphileWorker, hasPeers, pgBoss} from './work-peers.ts';
import {rawPostgres, rawSqlite} from './work-raw.ts';

const place = process.argv[2] ?? 'sqlite';
const EVENTS = Number(process.argv[3] ?? 2000);
const SAMPLES = 100;
const ROUNDS = 3;
const folder = temporaryFolder();
const name = `bench_${process.pid}_${Date.now()}`;
let places = 0;

const sqliteEvents = (): AdapterConfig<IEventStore> => ({adapter: SQLiteEventStore, args: [{path: join(folder, `events-${places++}.db`)}]});
const sqliteStore = (): AdapterConfig<IStore> => ({adapter: SQLiteStore, args: [{path: join(folder, `store-${places++}.db`)}]});
const besideSqlite = (queue: OpenQueue): OpenWork => queueWork(sqliteEvents(), sqliteStore(), queue);

const sections: Readonly<Record<string, () => Promise<void>>> = {sqlite, postgres: onPostgres, redis: onRedis};
try {
    await sections[place]?.();
    process.exit();
} catch (error) {
    console.error(error);
    process.exit(1);
}

async function sqlite(): Promise<void> {
    await measure('SQLite', {'Woltage': actionWork(sqliteEvents(), sqliteStore()), 'raw better-sqlite3': besideSqlite(rawSqlite(folder))});
}

async function onPostgres(): Promise<void> {
    const given = process.env['WOLTAGE_TEST_POSTGRES_URL'];
    const server = given === undefined ? await postgres.startLocal(['fsync=on', 'full_page_writes=on', 'max_wal_size=4GB', 'max_connections=500']) : {url: given, stop: () => Promise.resolve()};
    const {url} = server;
    const schemaOf = (part: string): {connectionString: string; schema: string} => ({connectionString: url, schema: `${name}_${part}`});
    const events = (part: string): AdapterConfig<IEventStore> => ({adapter: PostgresEventStore, args: [schemaOf(part)]});
    const store = (part: string): AdapterConfig<IStore> => ({adapter: PostgresStore, args: [schemaOf(part)]});
    const beside = (queue: OpenQueue): OpenWork => queueWork(events(`e${++places}`), store(`s${places}`), queue);
    try {
        await measure('PostgreSQL (fsync on)', {
            'Woltage': actionWork(events('events'), store('store')),
            'raw pg': beside(rawPostgres(url, `${name}_raw`)),
            ...hasPeers() && {
                'graphile-worker 0.17': beside(graphileWorker(url, `${name}_graphile`, {})),
                'graphile-worker 0.17, local queue': beside(graphileWorker(url, `${name}_local`, {localQueue: {size: 2 * CONCURRENCY}, completeJobBatchDelay: 0})),
                'pg-boss 10': beside(pgBoss(url, `${name}_boss`, false)),
                'pg-boss 10, told to look': beside(pgBoss(url, `${name}_told`, true))
            }
        });
    } finally {
        await server.stop();
    }
}

async function onRedis(): Promise<void> {
    const given = process.env['WOLTAGE_TEST_REDIS_URL'];
    const server = given === undefined ? await redis.startLocal() : {url: given, stop: () => Promise.resolve()};
    const {url} = server;
    try {
        await measure('Redis (appendonly, fsync each second), events on SQLite', {
            'Woltage': actionWork(sqliteEvents(), {adapter: RedisStore, args: [{url, keyPrefix: name}]}),
            ...hasPeers() && {'bullmq 6': besideSqlite(bullMq(url, `${name}_bull`))}
        });
    } finally {
        await server.stop();
    }
}

interface Contender {
    readonly contestant: string;
    readonly meter: Meter;
    readonly work: Work;
    readonly rates: number[];
    readonly latencies: number[];
}

/** Contestants are open all the time, and work in turn, round by round. */
async function measure(title: string, contestants: Readonly<Record<string, OpenWork>>): Promise<void> {
    const contenders: Contender[] = [];
    try {
        await compete(title, contestants, contenders);
    } catch (error) {
        console.error(error);
        throw error;
    }
    for (const {work} of contenders)
        await work.stop();
}

async function compete(title: string, contestants: Readonly<Record<string, OpenWork>>, contenders: Contender[]): Promise<void> {
    for (const [contestant, openWork] of Object.entries(contestants)) {
        const meter = new Meter();
        const work = await openWork(meter.handler);
        contenders.push({contestant, meter, work, rates: [], latencies: []});
        await meter.throughput(work, EVENTS / 10);
    }
    for (const withCommand of [false, true]) {
        for (let round = 0; round < ROUNDS; round++) {
            for (const contender of contenders)
                await runRound(contender, withCommand);
        }
        printAll(`${EVENTS.toLocaleString('en')} events, ${withCommand ? 'one command in the handler' : 'an empty handler'}, on ${title}; load ${loadavg()[0]?.toFixed(1)}`, contenders);
    }
}

async function runRound({contestant, meter, work, rates, latencies}: Contender, withCommand: boolean): Promise<void> {
    meter.withCommand = withCommand;
    globalThis.gc?.();
    rates.push(EVENTS / await meter.throughput(work, EVENTS) * 1000);
    // What was done last is being written down.
    await new Promise(resolve => setTimeout(resolve, 500));
    // One that looks twice a second takes long.
    if (!withCommand)
        latencies.push(...await meter.latencies(work, contestant === 'pg-boss 10' ? SAMPLES / 10 : SAMPLES));
}

function printAll(title: string, contenders: readonly Contender[]): void {
    print(title, contenders.map(({contestant, rates}) => ({name: contestant, perSecond: median(rates)})), 'Woltage');
    for (const {contestant, rates, latencies} of contenders) {
        rates.length = 0;
        if (latencies.length === 0)
            continue;
        const sorted = latencies.splice(0).sort((a, b) => a - b);
        const at = (p: number): string => (sorted[Math.floor(sorted.length * p)] ?? NaN).toFixed(2).padStart(7);
        console.log(`  ${contestant.padEnd(34)} from the append to the start, one by one: p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`);
    }
}
