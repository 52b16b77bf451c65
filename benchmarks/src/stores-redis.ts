import {RedisStore} from '@woltage/store-redis';
import {createClient} from 'redis';
import {redis} from '../../test/servers/redis.ts';
import {History, type RawAccount} from './history.ts';
import {installPeers, loadPeer} from './install-peers.ts';
import {compare, print, type Figure} from './measure.ts';
import {peerReplay} from './peers.ts';

const EVENTS = Number(process.argv[2] ?? 100_000);
const ACCOUNTS = 10_000;
/** So few that it ends. */
const PEER_EVENTS = 10_000;
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
    const missing = installPeers('peers-stores', '@woltage/store-redis');
    if (missing === undefined)
        figures.push(...await comparePeer());
    else
        console.log(`Not compared with woltage 1.12: ${missing}`);
    print(`Replay of ${EVENTS.toLocaleString('en')} events from memory into Redis, get + set per event (${ACCOUNTS.toLocaleString('en')} rows)`, figures, 'raw redis, one HSET a page');
} finally {
    for await (const keys of client.scanIterator({MATCH: `{${keyPrefix}*`, COUNT: 1000})) {
        if (keys.length > 0)
            await client.unlink(keys);
    }
    client.destroy();
    await server.stop();
}

async function comparePeer(): Promise<Figure[]> {
    const {default: PeerStore} = await loadPeer<{readonly default: new (options: object) => {close(force: boolean): Promise<void>}}>('peers-stores', '@woltage/store-redis');
    const store = new PeerStore({url});
    // A constructor may return another object than its own.
    const adapter = function PeerRedisStore() {
        return store;
    };
    const replay = await peerReplay(PEER_EVENTS, ACCOUNTS, await loadPeer('peers-stores', 'woltage'), {adapter});
    try {
        return await compare({'woltage 1.12 with its RedisStore (npm)': replay}, 1);
    } finally {
        // It writes on after the last event has been handled.
        await new Promise(resolve => setTimeout(resolve, 1000));
        await store.close(true);
    }
}
