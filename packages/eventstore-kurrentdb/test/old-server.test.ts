import {eventStoreConformance} from '@woltage/testing';
import {describe, it} from 'vitest';
import {KurrentDBEventStore} from '../src/index.ts';
import {KurrentDBServer} from './server/kurrentdb-server.ts';

// A store without a prefix has a server to itself. This one doesn't offer appends to several streams.
eventStoreConformance({describe, it}, 'KurrentDBEventStore without a prefix, on an older server,', async () => {
    const server = await KurrentDBServer.start({version: '24.10.0'});
    const create = (): KurrentDBEventStore => new KurrentDBEventStore(server.url);
    return {eventStore: create(), second: create, cleanup: () => server.stop()};
});
