/**
 * Replays a history that nobody keeps: `node history-app.js <folder> <adapter> <events>`. Every event is made when it is read, so that what grows in
 * memory is the runtime's. Prints `<events> <checksum> <heap after a collection, bytes>` a few times on the way, and at the end.
 */
import createWoltage, {
    Aggregate, Event, MemoryEventStore, Projector, ReadModel, z, type IEventStore, type RecordedEvent, type SubscribeOptions, type SubscriptionBatch
} from 'woltage';
import {adapters} from './adapters.ts';

const [folder = '', adapter = '', count = '0'] = process.argv.slice(2);
const EVENTS = Number(count);
const AGGREGATES = 20_000;
const schema = z.object({by: z.number()});

class Ticked extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const counter = Aggregate.create('counter', {$init: () => ({})});
counter.registerCommand(schema, function tick(_state, payload) {
    return new Ticked({payload});
});

const tables = {counts: {key: z.object({id: z.string()}), schema: z.object({count: z.number(), sum: z.number(), last: z.string()})}};

class CounterProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Ticked.identity]({id: eventId, aggregateId: id, payload: {by}}: Ticked) {
        const {counts} = this.store.tables;
        const row = await counts.get({id});
        await counts.set({id, count: (row?.count ?? 0) + 1, sum: (row?.sum ?? 0) + by, last: eventId});
    }
}

class Counters extends ReadModel<CounterProjector> {
    projectionName = 'counter';

    async sums() {
        const rows = await this.store.tables.counts.find();
        return {events: rows.reduce((sum, {count}) => sum + count, 0), sum: rows.reduce((total, {sum}) => total + sum, 0)};
    }
}

const eventAt = (position: number): RecordedEvent => ({
    id: `00000000-0000-7000-8000-${position.toString(16).padStart(12, '0')}`, type: Ticked.type, version: 1, timestamp: 1_700_000_000_000 + position,
    payload: {by: position % 10}, meta: {}, correlationId: `c${position}`, causationId: null, tags: [], aggregateName: 'counter',
    aggregateId: `c${position % AGGREGATES}`, revision: BigInt(Math.floor(position / AGGREGATES)), position: BigInt(position)
});

class History extends MemoryEventStore {
    override async* subscribe({after = -1n, batchSize = 1000, signal}: SubscribeOptions = {}): AsyncGenerator<SubscriptionBatch, void> {
        for (let from = Number(after) + 1; from < EVENTS && signal?.aborted !== true; from += batchSize) {
            const end = Math.min(from + batchSize, EVENTS);
            tell(from);
            yield {events: Array.from({length: end - from}, (_, index) => eventAt(from + index)), position: BigInt(end - 1), caughtUp: end === EVENTS};
        }
        await new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve()));
    }

    override getLatestPosition(): Promise<bigint | null> {
        return Promise.resolve(BigInt(EVENTS - 1));
    }
}

const STEPS = 10;
const heap = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
};
let told = 0;
function tell(at: number): void {
    if (at < told * EVENTS / STEPS)
        return;
    told++;
    process.stdout.write(`heap ${at} ${heap()}\n`);
}

const {store} = await (adapters[adapter] as (typeof adapters)[string])(folder);
const eventStore = {adapter: History as new () => IEventStore};
const woltage = await createWoltage({
    eventStore, internalStore: store, stores: {main: store}, eventClasses: [Ticked], aggregates: [counter], projectorClasses: [CounterProjector], readModelClasses: [Counters]
});
await woltage.addProjection('counter', 1, 'CounterProjector', 1, 'main');
await woltage.getProjection('counter', 1)?.untilLive();
await woltage.setProjectionActive('counter', 1);
process.stdout.write(`sums ${JSON.stringify(await woltage.executeQuery(Counters, 'sums', {}))}\n`);
await woltage.stop();
