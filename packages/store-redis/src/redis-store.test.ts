import {randomUUID} from 'node:crypto';
import {storeConformance} from '@woltage/testing';
import {afterAll, beforeAll, describe, it} from 'vitest';
import {startRedis, type RedisServer} from '../../../test/servers/redis.ts';
import {RedisStore} from './index.ts';

let server: RedisServer;
beforeAll(async () => {
    server = await startRedis();
});
afterAll(() => server.stop());

storeConformance({describe, it}, 'RedisStore', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const create = (): RedisStore => new RedisStore({url: server.url, keyPrefix});
    return {store: create(), second: create};
});
