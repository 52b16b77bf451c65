import {KurrentDBClient} from '@kurrent/kurrentdb-client';
import {eventStoreConformance} from '@woltage/testing';
import {afterAll, describe, it} from 'vitest';
import {KurrentDBEventStore} from '../src/index.ts';
import {findKurrentDB, ownPrefix} from './support/kurrentdb.ts';

const server = await findKurrentDB('KurrentDBEventStore');
const client = KurrentDBClient.connectionString(server.url);
afterAll(async () => {
    await client.dispose();
    await server.stop();
});

eventStoreConformance({describe, it}, 'KurrentDBEventStore', async () => {
    const streamPrefix = ownPrefix();
    const create = (): KurrentDBEventStore => new KurrentDBEventStore({client, streamPrefix});
    return {eventStore: create(), second: create};
});
