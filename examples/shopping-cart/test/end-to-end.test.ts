import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import SQLiteStore from '@woltage/store-sqlite';
import {MemoryBroker, MemoryBrokerData} from 'woltage';
import {endToEndSuite} from './end-to-end.ts';

endToEndSuite('SQLite and a broker in memory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-cart-'));
    const data = new MemoryBrokerData();
    return {
        adapters: {
            eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]},
            store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]},
            messageBroker: {adapter: MemoryBroker, args: [data]}
        },
        outside: new MemoryBroker(data),
        stop: () => rm(folder, {recursive: true})
    };
});
