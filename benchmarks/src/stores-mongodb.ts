import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import MongoDBStore from '@woltage/store-mongodb';
import {MongoClient, type Collection} from 'mongodb';
import createWoltage, {MemoryEventStore, MemoryEventStoreData, uuidV7} from 'woltage';
import {account, AccountProjector, Moved, payload} from './domain.ts';
import {compare, print} from './measure.ts';

const EVENTS = Number(process.argv[2] ?? 100_000);
const ACCOUNTS = 10_000;
const PAGE = 1000;
const DATABASE = 'woltage-bench';

interface Account {
    _id: string;
    id: string;
    balance: number;
    moves: number;
}

const given = process.env['WOLTAGE_TEST_MONGODB_URL'];
const url = given ?? await startServer();
const idOf = (n: number): string => `account-${n * 7919 % ACCOUNTS}`;
const data = new MemoryEventStoreData();
const events = new MemoryEventStore(data);
await events.connect();
for (let i = 0; i < EVENTS; i += PAGE) {
    await events.appendAll(Array.from({length: PAGE}, (_, j) => {
        const id = uuidV7();
        return {aggregateName: 'account', aggregateId: idOf(i + j), events: [{id, type: 'moved', version: 1, timestamp: Date.now(), payload, meta: {}, correlationId: id, causationId: null, tags: []}]};
    }));
}

const client = new MongoClient(url);
const database = client.db(DATABASE);
const store = {adapter: MongoDBStore, args: [{url, database: DATABASE}]};
let version = 0;
const figures = await compare({
    'Woltage': async () => {
        const woltage = await createWoltage({
            eventStore: {adapter: MemoryEventStore, args: [data]}, internalStore: store, stores: {main: store}, eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector]
        });
        await woltage.addProjection('account', ++version, 'AccountProjector', 1, 'main');
        const projection = woltage.getProjection('account', version);
        await projection?.untilLive();
        await woltage.stop();
        return projection?.progress.processed ?? 0;
    },
    'raw mongodb': () => rawReplay(database.collection<Account>(`raw-${++version}`), true),
    'raw mongodb, bulkWrite alone': () => rawReplay(database.collection<Account>(`raw-${++version}`), false)
}, 5);
print(`Replay of ${EVENTS.toLocaleString('en')} events from memory into ${given === undefined ? 'the tests\' own server' : 'MongoDB'}, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`, figures, 'raw mongodb');
await database.dropDatabase();
await client.close();
process.exit();

/** Pages are folded: each row is read once and written once a page. */
async function rawReplay(collection: Collection<Account>, reads: boolean): Promise<number> {
    const known = new Map<string, Account>();
    for (let i = 0; i < EVENTS; i += PAGE) {
        const ids = new Set(Array.from({length: PAGE}, (_, j) => idOf(i + j)));
        const rows = reads ? new Map((await collection.find({_id: {$in: [...ids]}}, {batchSize: PAGE + 1}).toArray()).map(row => [row._id, row])) : known;
        for (let j = 0; j < PAGE; j++) {
            const id = idOf(i + j);
            let row = rows.get(id);
            if (row === undefined)
                rows.set(id, row = {_id: id, id, balance: 0, moves: 0});
            row.balance += payload.amount;
            row.moves++;
        }
        await collection.bulkWrite(Array.from(ids, id => ({replaceOne: {filter: {_id: id}, replacement: rows.get(id) as Account, upsert: true}})), {ordered: false, writeConcern: {w: 'majority'}});
    }
    return EVENTS;
}

async function startServer(): Promise<string> {
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('../../packages/store-mongodb/test/server/main.ts', import.meta.url))], {stdio: ['pipe', 'pipe', 'inherit']});
    child.stdout.setEncoding('utf8');
    const [line] = await once(child.stdout, 'data') as [string];
    return line.trim();
}
