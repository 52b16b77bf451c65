import {randomUUID} from 'node:crypto';
import {storeConformance} from '@woltage/testing';
import {createClient, createCluster} from 'redis';
import {afterAll, beforeAll, expect, it, vi} from 'vitest';
import {uuidV7, z} from 'woltage';
import {canStart, describeWith} from '../../../test/servers/find-server.ts';
import {freePort} from '../../../test/servers/free-port.ts';
import {redis, type RedisServer} from '../../../test/servers/redis.ts';
import {RedisStore} from '../src/index.ts';

const startable = await canStart(redis, 'RedisStore on a cluster');

const NODES = 3;
const SLOTS = 16_384;

/** Three masters: a command or script with keys of two slots is refused. */
let nodes: RedisServer[];
beforeAll(async () => {
    const busPorts = await Promise.all(Array.from({length: NODES}, freePort));
    nodes = await Promise.all(busPorts.map(port => redis.startLocal(['--cluster-enabled', 'yes', '--cluster-port', String(port)])));
    const clients = await Promise.all(nodes.map(({url}) => createClient({url}).connect()));
    for (const [i, client] of clients.entries()) {
        await client.clusterAddSlotsRange({start: Math.ceil(i * SLOTS / NODES), end: Math.ceil((i + 1) * SLOTS / NODES) - 1});
        await clients[0]?.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', String(nodes[i]?.port), String(busPorts[i])]);
    }
    await vi.waitFor(async () => {
        for (const client of clients)
            expect(await client.clusterInfo()).toMatch(new RegExp(`cluster_state:ok[^]*cluster_known_nodes:${NODES}`));
    }, {timeout: 20_000, interval: 100});
    clients.forEach(client => client.destroy());
}, 30_000);
afterAll(() => Promise.all(nodes.map(node => node.stop())));

const create = (keyPrefix: string): RedisStore => new RedisStore({client: createCluster({rootNodes: nodes.map(({url}) => ({url}))}), keyPrefix});

storeConformance({describe: describeWith.bind(undefined, startable), it}, 'RedisStore on a cluster', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    return {store: create(keyPrefix), second: () => create(keyPrefix)};
});

describeWith(startable, 'RedisStore on a cluster', () => {
    it('spreads its scopes over the nodes, gives native access and tells watchers', async () => {
        const store = create(`test-${randomUUID()}`);
        await store.connect();
        for (let i = 0; i < 12; i++) {
            const scope = store.scope({namespace: `scope-${i}`, tables: {rows: {key: z.object({id: z.string()})}}});
            await scope.createTables();
            await scope.tables.rows.set({id: 'a'});
            await scope.native(({client, key}) => client.set(key('own'), '1'));
            const listener = vi.fn();
            await scope.watchRecords(listener);
            await scope.commit({records: [{key: 'r', value: 'v', token: uuidV7()}]});
            await vi.waitFor(() => expect(listener).toHaveBeenCalled());
            if (i % 2 === 0)
                await scope.dropTables();
            expect(await scope.native(({client, key}) => client.exists(key('own')))).toBe(i % 2);
        }
        await store.close();
    });
});
