import {randomUUID} from 'node:crypto';
import {storeConformance} from '@woltage/testing';
import {createClient} from 'redis';
import {it} from 'vitest';
import {describeWith, findServer, urlOf} from '../../../test/servers/find-server.ts';
import {redis} from '../../../test/servers/redis.ts';
import {RedisStore} from '../src/index.ts';

const found = await findServer(redis, 'RedisStore');

storeConformance({describe: describeWith.bind(undefined, found), it}, 'RedisStore', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const create = (): RedisStore => new RedisStore({url: urlOf(found), keyPrefix});
    return {store: create(), second: create, cleanup: () => removeKeys(`{${keyPrefix}:*`)};
});

async function removeKeys(pattern: string): Promise<void> {
    const client = await createClient({url: urlOf(found)}).connect();
    for await (const keys of client.scanIterator({MATCH: pattern, COUNT: 1000})) {
        if (keys.length > 0)
            await client.unlink(keys);
    }
    client.destroy();
}
