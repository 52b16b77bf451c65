/* node --import tsx shop-child.ts <address> <file> <name>: appends events, endlessly, to a SQLite log whose events are published */
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {uuidV7} from 'woltage';
import {ComposedEventStore} from '../../src/index.ts';
import {quick} from './kafka.ts';

const [address = '', path = '', name = ''] = process.argv.slice(2);

const store = new ComposedEventStore({
    log: {adapter: SQLiteEventStore, args: [{path, pollIntervalMs: 5}]},
    bus: {brokers: [address], clientId: 'shop', topic: 'shop.events', ...quick}
});
await store.connect();
for (let n = 0; ; n++) {
    const {position} = await store.append('thing', `${name}-${n % 5}`, [
        {id: uuidV7(), type: 'thing.changed', version: 1, timestamp: Date.now(), payload: {n}, meta: {}, correlationId: 'c', causationId: null, tags: []}
    ]);
    process.stdout.write(`${JSON.stringify({position: String(position)})}\n`);
    if (n % 10 === 0)
        await new Promise(resolve => setTimeout(resolve, 5));
}
