import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import MongoDBStore from '@woltage/store-mongodb';
import {MongoClient} from 'mongodb';
import {History, PAGE, type RawAccount} from './history.ts';
import {compare, print} from './measure.ts';

const EVENTS = Number(process.argv[2] ?? 100_000);
const ACCOUNTS = 10_000;
const DATABASE = 'woltage-bench';

const given = process.env['WOLTAGE_TEST_MONGODB_URL'];
const url = given ?? await startServer();
const history = await History.create(EVENTS, ACCOUNTS);
const client = new MongoClient(url);
const database = client.db(DATABASE);
let round = 0;

/** Without `read`, it keeps all rows in memory. */
const raw = (read: boolean) => (): Promise<number> => {
    const collection = database.collection<RawAccount & {_id: string}>(`raw-${++round}`);
    return history.fold(
        rows => collection.bulkWrite(
            rows.map(row => ({replaceOne: {filter: {_id: row.id}, replacement: {...row, _id: row.id}, upsert: true}})), {ordered: false, writeConcern: {w: 'majority'}}
        ),
        read ? async ids => collection.find({_id: {$in: [...ids]}}, {batchSize: PAGE + 1}).toArray() : undefined
    );
};

const figures = await compare({
    'Woltage': () => history.replay({adapter: MongoDBStore, args: [{url, database: DATABASE}]}),
    'raw mongodb, a bulkWrite a page': raw(false),
    'raw mongodb, a find and a bulkWrite a page': raw(true)
}, 3);
print(`Replay of ${EVENTS.toLocaleString('en')} events from memory into ${given === undefined ? 'the tests\' own server of MongoDB\'s protocol' : 'MongoDB'}, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`,
    figures, 'raw mongodb, a bulkWrite a page');
await database.dropDatabase();
await client.close();
process.exit();

async function startServer(): Promise<string> {
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('../../packages/store-mongodb/test/server/main.ts', import.meta.url))], {stdio: ['pipe', 'pipe', 'inherit']});
    child.stdout.setEncoding('utf8');
    const [line] = await once(child.stdout, 'data') as [string];
    return line.trim();
}
