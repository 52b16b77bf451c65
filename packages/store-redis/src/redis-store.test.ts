import {randomUUID} from 'node:crypto';
import {storeConformance} from '@woltage/testing';
import {createClient} from 'redis';
import {afterAll, beforeAll, it} from 'vitest';
import {describeWithFoundRedis, findRedis} from '../../../test/servers/redis.ts';
import {RedisStore} from './index.ts';

let server: Awaited<ReturnType<typeof findRedis>>;
beforeAll(async () => {
    server = await findRedis();
});
afterAll(() => server.stop());

storeConformance({describe: describeWithFoundRedis, it}, 'RedisStore', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const create = (): RedisStore => new RedisStore({url: server.url, keyPrefix});
    return {store: create(), second: create, cleanup: () => removeKeys(`{${keyPrefix}:*`)};
});

async function removeKeys(pattern: string): Promise<void> {
    const client = await createClient({url: server.url}).connect();
    for await (const keys of client.scanIterator({MATCH: pattern, COUNT: 1000})) {
        if (keys.length > 0)
            await client.unlink(keys);
    }
    client.destroy();
}
