import {afterEach, expect, it} from 'vitest';
import type {EventData, IEventStore, RecordedEvent, SubscriptionBatch} from 'woltage';
import {runChild, type Child} from './run-child.ts';

interface Acknowledged {
    readonly stream: readonly [name: string, id: string];
    readonly ids: readonly string[];
    readonly revision?: number;
}

/** Where the processes of a test meet. */
export interface ProcessOptions {
    readonly describe: (name: string, suite: () => void) => void;
    /** What they share, for the suite's name. */
    readonly place: string;
    /** The URL of the adapter's `child.ts`. */
    readonly child: URL;
    /** What `child.ts` needs to know of the place; another one for each test. */
    readonly args: () => readonly string[];
    /** An event store on the place. */
    readonly open: () => IEventStore;
}

/** What several processes on one event store must keep, some of them killed. */
export function eventStoreProcesses({describe, place, child: script, args: placeArgs, open}: ProcessOptions): void {
    const children: Child<unknown>[] = [];
    const start = <L>(mode: string, ...args: readonly string[]): Child<L> => {
        const child = runChild<L>(script, ...placeArgs(), mode, ...args);
        children.push(child);
        return child;
    };
    afterEach(() => {
        // A test that has failed may have left some.
        for (const child of children.splice(0))
            child.process.kill('SIGKILL');
    });

    describe('A process that is killed while it appends', () => {
        it('loses no event that was acknowledged, and leaves neither gaps nor halves', async () => {
            const acknowledged: Acknowledged[] = [];
            for (let round = 0; round < 6; round++) {
                const child = start<Acknowledged>('untilKilled', String(round));
                await child.told(1 + Math.floor(Math.random() * 600));
                child.process.kill('SIGKILL');
                await child.ended;
                expect(child.lines.length).toBeGreaterThan(0);
                acknowledged.push(...child.lines);

                const store = open();
                await store.connect();
                const records = await everything(store, (_, {caughtUp}) => caughtUp);
                await store.close();
                expectGaplessStreams(records);
                expectAcknowledged(records, acknowledged);
                expectWholes(records);
            }
        }, 60_000);
    });

    describe(`Processes that share ${place}`, () => {
        it('append to the same streams, and every subscription sees all of it in one order', async () => {
            const count = 400;
            const total = 2 * (count + count / 8);
            const store = open();
            await store.connect();
            const here = everything(store, records => records.length >= total);
            const follower = start<{id: string; position: number}>('follow', 'follower', String(total));
            const writers = ['a', 'b'].map(name => start<{id: string}>('append', name, String(count)));
            await Promise.all(writers.map(({ended}) => ended));
            await follower.ended;
            const records = await here;
            await store.close();

            expectGaplessStreams(records);
            expect(records.map(({id, position}) => ({id, position: Number(position)}))).toEqual(follower.lines);
            expect(records.map(({id}) => id).sort()).toEqual(writers.flatMap(({lines}) => lines.map(({id}) => id)).sort());
        }, 60_000);

        it('find the streams gone that one of them erases, and leave nothing in them', async () => {
            const store = open();
            await store.connect();
            const count = 4;
            const children = ['a', 'b'].map(name => start<{stream: string; position?: number; append?: string; read?: string}>('appendUntilGone', name, String(count)));
            await Promise.all(children.map(child => child.told(50)));
            for (let stream = 0; stream < count; stream++)
                await store.erase?.('account', String(stream), tombstoneOf(stream));
            await Promise.all(children.map(({ended}) => ended));
            const records = await everything(store, (_, {caughtUp}) => caughtUp);
            await store.close();

            expect(records.map(({aggregateId, id}) => [aggregateId, id])).toEqual(Array.from({length: count}, (_, stream) => [String(stream), tombstoneOf(stream).id]));
            for (const {stream, position, append, read} of children.flatMap(({lines}) => lines)) {
                if (position === undefined)
                    expect([append, read]).toEqual(read === undefined ? ['GONE', undefined] : [undefined, 'GONE']);
                else
                    expect(BigInt(position)).toBeLessThan(records[Number(stream)]?.position ?? 0n);
            }
            expect(children.map(({lines}) => lines.filter(({position}) => position === undefined).length)).toEqual([6 * count, 6 * count]);
        }, 60_000);

        it('end by themselves after close: nothing is left behind by a subscription that waited', async () => {
            const child = start('waitAndClose');
            await child.ended;
            expect(child.process.exitCode).toBe(0);
            expect(child.lines.length).toBeGreaterThan(0);
        });
    });
}

const tombstoneOf = (stream: number): EventData => {
    const id = `00000000-0000-7000-8000-${String(stream).padStart(12, '0')}`;
    return {id, type: 'tombstone', version: 1, timestamp: 1, payload: {}, meta: {}, correlationId: id, causationId: null, tags: []};
};

async function everything(
    store: IEventStore, enough: (records: readonly RecordedEvent[], batch: SubscriptionBatch) => boolean
): Promise<RecordedEvent[]> {
    const records: RecordedEvent[] = [];
    for await (const batch of store.subscribe()) {
        records.push(...batch.events);
        if (enough(records, batch))
            break;
    }
    return records;
}

function expectGaplessStreams(records: readonly RecordedEvent[]): void {
    const next = new Map<string, bigint>();
    let before = -1n;
    for (const {aggregateName, aggregateId, revision, position} of records) {
        const stream = `${aggregateName}/${aggregateId}`;
        expect(revision).toBe(next.get(stream) ?? 0n);
        next.set(stream, revision + 1n);
        expect(position).toBeGreaterThan(before);
        before = position;
    }
}

function expectAcknowledged(records: readonly RecordedEvent[], lines: readonly Acknowledged[]): void {
    const byId = new Map(records.map(record => [record.id, record]));
    for (const {stream, ids, revision} of lines) {
        const found = ids.map(id => byId.get(id));
        expect(found.map(record => record && [record.aggregateName, record.aggregateId])).toEqual(ids.map(() => stream));
        if (revision !== undefined)
            expect(found.map(record => Number(record?.revision))).toEqual([revision - 2, revision - 1, revision]);
    }
}

function expectWholes(records: readonly RecordedEvent[]): void {
    const keys = (name: string, id?: string): unknown[] => records
        .filter(({aggregateName, aggregateId}) => aggregateName === name && (id === undefined || aggregateId === id))
        .map(({payload}) => (payload as {key: string}).key);
    const triples = keys('triple');
    expect(triples.length).toBe(3 * new Set(triples).size);
    expect(keys('pair', 'left')).toEqual(keys('pair', 'right'));
}
