import {eventStoreConformance} from '@woltage/testing';
import {describe, it} from 'vitest';
import {KurrentDBEventStore} from '../src/index.ts';
import {KurrentDBServer} from './server/kurrentdb-server.ts';

eventStoreConformance({describe, it}, 'KurrentDBEventStore', async () => {
    const server = await new KurrentDBServer().start();
    const create = (): KurrentDBEventStore => new KurrentDBEventStore(server.url);
    return {eventStore: create(), second: create, cleanup: () => server.stop()};
});
