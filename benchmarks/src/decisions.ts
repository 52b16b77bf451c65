import {join} from 'node:path';
import {PostgresEventStore} from '@woltage/eventstore-postgres';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {
    createWoltage, Decision, defineEvent, MemoryEventStore, MemoryStore, uuidV7, z, type AdapterConfig, type EventData, type EventQuery, type IEventStore, type Woltage
} from 'woltage';
import {postgres} from '../../test/servers/postgres.ts';
import {median} from './measure.ts';
import {inFlight, temporaryFolder} from './runtime.ts';

const LARGE = Number(process.argv[2] ?? 1_000_000);
const SMALL = 1000;
const PER_CART = 10;
const READS = 500;
const ROUNDS = 5;

const given = process.env['WOLTAGE_TEST_POSTGRES_URL'];
const server = given === undefined ? await postgres.startLocal(['fsync=on', 'full_page_writes=on', 'max_wal_size=4GB']) : {url: given, stop: () => Promise.resolve()};
const folder = temporaryFolder();

/** An adapter for each size: a place of its own. */
const places: Readonly<Record<string, (size: string) => AdapterConfig<IEventStore>>> = {
    memory: () => ({adapter: MemoryEventStore}),
    SQLite: size => ({adapter: SQLiteEventStore, args: [{path: join(folder, `${size}.db`)}]}),
    PostgreSQL: size => ({adapter: PostgresEventStore, args: [{connectionString: server.url, schema: `decisions_${process.pid}_${size}`}]})
};

const payload = z.object({cartId: z.string()});
const ItemAdded = defineEvent('ItemAdded', {schema: payload, tags: ({cartId}) => [`cart:${cartId}`]});
const addItem = Decision.create('addItem', {
    input: payload, query: ({cartId}) => ({tags: [`cart:${cartId}`]}), init: {items: 0}, decide: (_state, input) => new ItemAdded({payload: input})
}).on(ItemAdded, ({items}) => ({items: items + 1}));

try {
    for (const [place, adapter] of Object.entries(places)) {
        await reading(place, adapter);
        await deciding(place, adapter('decided'));
    }
} finally {
    await server.stop();
}

/** An event of a cart, with what a rule may ask for beside it: every event is of the one hot tenant. */
function eventOf(n: number): EventData {
    const id = uuidV7();
    return {
        id, type: n % 2 === 0 ? 'item.added' : 'item.removed', version: 1, timestamp: Date.now(), payload: {n}, meta: {}, correlationId: id, causationId: null,
        tags: [`cart:${Math.floor(n / PER_CART)}`, `product:${n % 997}`, 'tenant:1']
    };
}

async function fill(config: AdapterConfig<IEventStore>, count: number): Promise<IEventStore> {
    const store = new config.adapter(...(config.args ?? []) as never[]);
    await store.connect();
    for (let n = 0; n < count;) {
        const batches: Promise<unknown>[] = [];
        for (; batches.length < 8 && n < count; n += SMALL)
            batches.push(store.append('cart', String(n), Array.from({length: SMALL}, (_, i) => eventOf(n + i))));
        await Promise.all(batches);
    }
    return store;
}

async function reading(place: string, adapter: (size: string) => AdapterConfig<IEventStore>): Promise<void> {
    const sizes = [['small', SMALL], ['large', LARGE]] as const;
    const stores = [];
    for (const [size, count] of sizes)
        stores.push({count, store: await fill(adapter(size), count)});
    const queries: Readonly<Record<string, (cart: number, count: number) => readonly [EventQuery, after?: bigint]>> = {
        '10 events by a tag and two types': cart => [[{types: ['item.added', 'item.removed'], tags: [`cart:${cart}`]}]],
        '10 events by a tag': cart => [[{tags: [`cart:${cart}`]}]],
        '10 events by a rare tag and one that all have': cart => [[{types: ['item.added', 'item.removed'], tags: ['tenant:1', `cart:${cart}`]}]],
        '10 events by a tag that all have, after a late position': (_cart, count) => [[{types: ['item.added', 'item.removed'], tags: ['tenant:1']}], BigInt(count - 11)]
    };
    console.log(`\nReading on ${place}, ${SMALL.toLocaleString('en')} and ${LARGE.toLocaleString('en')} events`);
    for (const [name, queryOf] of Object.entries(queries)) {
        const times = stores.map((): number[] => []);
        for (let round = 0; round < ROUNDS; round++) {
            for (const [i, {store, count}] of stores.entries()) {
                const began = performance.now();
                for (let n = 0; n < READS; n++)
                    await readTen(store, ...queryOf(Math.floor(Math.random() * count / PER_CART), count));
                times[i]?.push((performance.now() - began) / READS);
            }
        }
        const [small = NaN, large = NaN] = times.map(median);
        console.log(`  ${name.padEnd(56)} ${small.toFixed(3)} ms, ${large.toFixed(3)} ms: ${(large / small).toFixed(2)} times as long`);
    }
    for (const {store} of stores)
        await store.close();
}

async function readTen(store: IEventStore, query: EventQuery, after?: bigint): Promise<void> {
    let found = 0;
    for await (const page of store.query?.(query, {after}) ?? [])
        found += page.length;
    if (found < PER_CART - 1 || found > PER_CART + 1)
        throw new Error(`${JSON.stringify(query)} has found ${found}.`);
}

async function deciding(place: string, eventStore: AdapterConfig<IEventStore>): Promise<void> {
    const woltage: Woltage = await createWoltage({
        eventStore, eventClasses: [ItemAdded], aggregates: [], decisions: [addItem], projectorClasses: [], internalStore: {adapter: MemoryStore}
    });
    const runs: Readonly<Record<string, readonly [count: number, parallel: number, cart: () => string]>> = {
        'fresh boundaries, one by one': [1000, 1, uuidV7],
        'fresh boundaries, 64 in flight': [4000, 64, uuidV7],
        'one boundary, 64 in flight, from 0 to 1,000 events': [1000, 64, () => 'hot']
    };
    console.log(`Decisions on ${place}`);
    for (const [name, [count, parallel, cart]] of Object.entries(runs)) {
        const began = performance.now();
        await inFlight(count, parallel, () => woltage.decide(addItem, {cartId: cart()}));
        console.log(`  ${name.padEnd(56)} ${Math.round(count / (performance.now() - began) * 1000).toLocaleString('en')}/s`);
    }
    await woltage.stop();
}
