import {KurrentDBClient} from '@kurrent/kurrentdb-client';
import {eventStoreConformance} from '@woltage/testing';
import {afterAll, describe, it} from 'vitest';
import {KurrentDBEventStore} from '../src/index.ts';
import {KurrentDBServer} from './server/kurrentdb-server.ts';

// A store without a prefix needs a server to itself. This one doesn't offer appends to several streams.
const server = await KurrentDBServer.start({version: '24.10.0'});
const client = KurrentDBClient.connectionString(server.url);
afterAll(async () => {
    await client.dispose();
    await server.stop();
});

eventStoreConformance({describe, it}, 'KurrentDBEventStore without a prefix, on an older server,', async () => {
    server.log.clear();
    const create = (): KurrentDBEventStore => new KurrentDBEventStore({client});
    return {eventStore: create(), second: create};
});
