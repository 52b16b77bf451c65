import {BadRequestError, ConflictError, UnavailableError} from '../errors/index.ts';
import type {EventData, RecordedEvent} from '../events/index.ts';
import {
    checkEventQuery, conditionFailed, EndableSubscription, STATE_EXISTS, STATE_NEW, type AppendCondition, type AppendResult, type EventFilter, type EventQuery,
    type EventQueryOptions, type EventStoreCapabilities, type ExpectedRevision, type IEventStore, type ReadOptions, type StreamAppend, type SubscribeOptions,
    type SubscriptionBatch
} from '../ports/index.ts';
import {assertNotErased, erase, readRemains, repeatedErasure} from './memory-erasure.ts';
import {copyEvent, MemoryEventStoreData, toRecord, type StoredEvent} from './memory-event-store-data.ts';
import {followMemory} from './memory-subscription.ts';

const PAGE = 1000;

/** An event store in memory: for tests, and for trying things out. Nothing survives the process. */
export class MemoryEventStore implements IEventStore {
    readonly supports: EventStoreCapabilities = {multiStreamAppend: true, conditionalAppend: true, orderedAppendAll: true, erasure: true};
    readonly #data: MemoryEventStoreData;
    readonly #subscriptions = new Set<EndableSubscription>();
    #open = false;

    constructor(data: MemoryEventStoreData = new MemoryEventStoreData()) {
        this.#data = data;
    }

    async connect(): Promise<void> {
        this.#open = true;
    }

    async close(): Promise<void> {
        this.#open = false;
        for (const subscription of [...this.#subscriptions])
            subscription.end();
    }

    read(aggregateName: string, aggregateId: string, options: ReadOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
        // Iterators by hand: a generator's promises would cost more than the reading.
        return {[Symbol.asyncIterator]: () => ({next: this.#pages(aggregateName, aggregateId, options)})};
    }

    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        this.#checkOpen();
        const append = {aggregateName, aggregateId, events, revision};
        const result = this.#check(append) ?? this.#write(append);
        this.#data.changed();
        return result;
    }

    async appendAll(streams: readonly StreamAppend[], condition?: AppendCondition): Promise<readonly AppendResult[]> {
        this.#checkOpen();
        const {length} = this.#data.events;
        const holds = condition === undefined || this.#holds(condition);
        try {
            // One after the other, so that each sees what those before it have written.
            const results = streams.map(append => this.#check(append) ?? this.#write(append));
            // What wrote nothing repeats an append that has met its condition.
            if (!holds && this.#data.events.length > length)
                throw conditionFailed();
            this.#data.changed();
            return results;
        } catch (error) {
            this.#data.truncate(length);
            throw error;
        }
    }

    query(query: EventQuery, {after, until}: EventQueryOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
        return {[Symbol.asyncIterator]: () => ({next: this.#found(query, Number(after ?? -1n), Number(until ?? Infinity))})};
    }

    async erase(aggregateName: string, aggregateId: string, tombstone: EventData, revision?: ExpectedRevision): Promise<AppendResult> {
        this.#checkOpen();
        const repeated = repeatedErasure(this.#data, aggregateName, aggregateId, tombstone);
        if (repeated !== undefined)
            return repeated;
        if (this.#check({aggregateName, aggregateId, events: [tombstone], revision}) !== undefined)
            throw new ConflictError(`Event id ${tombstone.id} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id: tombstone.id}});
        return erase(this.#data, aggregateName, aggregateId, tombstone);
    }

    subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionBatch> {
        return new EndableSubscription({
            signal: options.signal,
            start: subscription => {
                this.#checkOpen();
                this.#subscriptions.add(subscription);
            },
            read: ending => followMemory(this.#data, options, ending),
            finish: subscription => this.#subscriptions.delete(subscription)
        });
    }

    async getLatestPosition(filter?: EventFilter): Promise<bigint | null> {
        this.#checkOpen();
        const {events} = this.#data;
        const types = filter?.types === undefined ? undefined : new Set(filter.types);
        const last = events.findLast(event => event !== undefined && (types === undefined || types.has(event.data.type)));
        return last === undefined ? null : BigInt(last.position);
    }

    #pages(aggregateName: string, aggregateId: string, {direction, fromRevision, limit = Infinity, tombstone}: ReadOptions): () => Promise<IteratorResult<readonly RecordedEvent[]>> {
        const step = direction === 'backwards' ? -1 : 1;
        let at = fromRevision === undefined ? undefined : Number(fromRevision);
        let left = limit;
        return async () => {
            this.#checkOpen();
            const stream = this.#data.stream(aggregateName, aggregateId);
            if (stream === undefined) {
                const page = readRemains(this.#data, aggregateName, aggregateId, {direction, fromRevision, limit: left, tombstone});
                left = 0;
                return page.length === 0 ? {done: true, value: undefined} : {done: false, value: page};
            }
            const last = stream.length - 1;
            at = step > 0 ? Math.max(at ?? 0, 0) : Math.min(at ?? last, last);
            const page: RecordedEvent[] = [];
            for (; at >= 0 && at <= last && left > 0 && page.length < PAGE; at += step, left--)
                page.push(toRecord(stream[at] as StoredEvent));
            return page.length === 0 ? {done: true, value: undefined} : {done: false, value: page};
        };
    }

    #found(query: EventQuery, after: number, until: number): () => Promise<IteratorResult<readonly RecordedEvent[]>> {
        let next = after;
        let checked: EventQuery | undefined;
        return async () => {
            this.#checkOpen();
            checked ??= checkEventQuery(query);
            const page = this.#data.index.find(checked, next, until, PAGE);
            next = page.at(-1)?.position ?? next;
            return page.length === 0 ? {done: true, value: undefined} : {done: false, value: page.map(toRecord)};
        };
    }

    #holds({query, after}: AppendCondition): boolean {
        return this.#data.index.find(checkEventQuery(query), Number(after ?? -1n), Infinity, 1).length === 0;
    }

    #checkOpen(): void {
        if (!this.#open)
            throw new UnavailableError('The event store is not connected.', {code: 'CLOSED'});
    }

    /** Checks an append; the result of an earlier one that it repeats, or `undefined` when it is to be written. */
    #check({aggregateName, aggregateId, events, revision}: StreamAppend): AppendResult | undefined {
        if (events.length === 0)
            throw new BadRequestError('There is nothing to append.', {code: 'NO_EVENTS'});
        assertNotErased(this.#data, aggregateName, aggregateId);
        const stream = this.#data.stream(aggregateName, aggregateId);
        const current = (stream?.length ?? 0) - 1;
        const taken = events.find(event => this.#data.byId.get(event.id) !== undefined) ?? findDuplicate(events);
        if (taken !== undefined) {
            const repeated = findRepeated(stream, events, revision, this.#data.byId.get((events[0] as EventData).id));
            if (repeated !== undefined)
                return repeated;
        }
        if (!isAsExpected(current, revision))
            throw new ConflictError(`Aggregate '${aggregateName}/${aggregateId}' is at revision ${current}, not at ${String(revision)}.`,
                {code: 'REVISION_CONFLICT', details: {current: String(current), expected: String(revision)}});
        if (taken !== undefined)
            throw new ConflictError(`Event id ${taken.id} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id: taken.id}});
        return undefined;
    }

    #write({aggregateName, aggregateId, events}: StreamAppend): AppendResult {
        // Copied before anything is kept: what can't be copied must not leave half an append behind.
        const copies = events.map(copyEvent);
        let revision = this.#data.stream(aggregateName, aggregateId)?.length ?? 0;
        for (const data of copies)
            this.#data.add({data, aggregateName, aggregateId, revision: revision++, position: this.#data.events.length});
        return {revision: BigInt(revision - 1), position: BigInt(this.#data.events.length - 1)};
    }
}

function isAsExpected(current: number, expected: ExpectedRevision | undefined): boolean {
    if (expected === undefined)
        return true;
    return expected === STATE_NEW ? current < 0 : expected === STATE_EXISTS ? current >= 0 : BigInt(current) === expected;
}

/** An event whose id another one before it in the list has. */
function findDuplicate(events: readonly EventData[]): EventData | undefined {
    if (events.length === 1)
        return undefined;
    const ids = new Set<string>();
    return events.find(({id}) => ids.size === ids.add(id).size);
}

/** The result of the append that put these very events where this one wants them. */
function findRepeated(
    stream: readonly StoredEvent[] | undefined, events: readonly EventData[], expected: ExpectedRevision | undefined, first: StoredEvent | undefined
): AppendResult | undefined {
    const start = expected === STATE_NEW ? 0 : typeof expected === 'bigint' ? Number(expected) + 1 : first?.revision ?? -1;
    if (stream === undefined || start < 0 || !events.every((event, i) => stream[start + i]?.data.id === event.id))
        return undefined;
    const last = stream[start + events.length - 1] as StoredEvent;
    return {revision: BigInt(last.revision), position: BigInt(last.position)};
}
