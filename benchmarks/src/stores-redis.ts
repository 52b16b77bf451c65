import {RedisStore} from '@woltage/store-redis';
import {createClient} from 'redis';
import {redis} from '../../test/servers/redis.ts';
import {History, type RawAccount} from './history.ts';
import {compare, print} from './measure.ts';
import {comparePeer} from './store-peers.ts';

const EVENTS = Number(process.argv[2] ?? 200_000);
const ACCOUNTS = 10_000;
const ROUNDS = 5;

const given = process.env['WOLTAGE_TEST_REDIS_URL'];
const server = given === undefined ? await redis.startLocal() : {url: given, stop: () => Promise.resolve()};
const {url} = server;
const keyPrefix = `bench-${process.pid}`;
const client = await createClient({url}).connect();
const history = await History.create(EVENTS, ACCOUNTS);
let round = 0;

try {
    const figures = await compare({
        'Woltage': () => history.replay({adapter: RedisStore, args: [{url, keyPrefix}]}),
        'raw redis, one HSET a page': () => {
            const key = `{${keyPrefix}}:raw-${++round}`;
            return history.fold(rows => client.hSet(key, rows.flatMap(row => [row.id, JSON.stringify(row)])));
        },
        'raw redis, HMGET and HSET a page': () => {
            const key = `{${keyPrefix}}:raw-${++round}`;
            return history.fold(
                rows => client.hSet(key, rows.flatMap(row => [row.id, JSON.stringify(row)])),
                async ids => (await client.hmGet(key, ids as string[])).flatMap(text => text === null ? [] : [JSON.parse(text) as RawAccount])
            );
        }
    }, ROUNDS);
    figures.push(...await comparePeer('woltage 1.12 with its RedisStore (npm)', '@woltage/store-redis', [{url}]));
    print(`Replay of ${EVENTS.toLocaleString('en')} events from memory into Redis, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`, figures, 'raw redis, one HSET a page');
} finally {
    for await (const keys of client.scanIterator({MATCH: `{${keyPrefix}*`, COUNT: 1000})) {
        if (keys.length > 0)
            await client.unlink(keys);
    }
    client.destroy();
    await server.stop();
}
