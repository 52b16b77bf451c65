import {BadRequestError, ConflictError, UnavailableError} from '../errors/index.ts';
import type {EventData, RecordedEvent} from '../events/index.ts';
import {
    STATE_EXISTS, STATE_NEW, type AppendResult, type EventFilter, type ExpectedRevision, type IEventStore, type ReadOptions,
    type StreamAppend, type SubscribeOptions, type SubscriptionBatch
} from '../ports/index.ts';
import {cloneData} from '../shared/data.ts';

/** What a {@link MemoryEventStore} holds; hand it to a second one to simulate a restart or a second process. */
export class MemoryEventStoreData {
    /** @internal By position. */
    readonly events: RecordedEvent[] = [];
    /** @internal */
    readonly streams = new Map<string, RecordedEvent[]>();
    /** @internal */
    readonly byId = new Map<string, RecordedEvent>();
    /** @internal Called after each append. */
    readonly listeners = new Set<() => void>();
}

const DEFAULT_BATCH = 1000;
const PAGE = 1000;

/** An event store in memory: for tests, and for trying things out. Nothing survives the process. */
export class MemoryEventStore implements IEventStore {
    readonly supports = {multiStreamAppend: true};
    readonly #data: MemoryEventStoreData;
    readonly #closing = new Set<() => void>();
    #open = false;

    constructor(data: MemoryEventStoreData = new MemoryEventStoreData()) {
        this.#data = data;
    }

    async connect(): Promise<void> {
        this.#open = true;
    }

    async close(): Promise<void> {
        this.#open = false;
        for (const end of this.#closing)
            end();
        this.#closing.clear();
    }

    async *read(aggregateName: string, aggregateId: string, options: ReadOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
        this.#checkOpen();
        const stream = this.#data.streams.get(streamKey(aggregateName, aggregateId));
        if (stream === undefined)
            return;
        const backwards = options.direction === 'backwards';
        const length = stream.length;
        const from = options.fromRevision === undefined ? (backwards ? length - 1 : 0) : Number(options.fromRevision);
        let left = options.limit ?? Infinity;
        if (backwards) {
            for (let i = Math.min(from, length - 1); i >= 0 && left > 0;) {
                const page = stream.slice(Math.max(0, i + 1 - Math.min(PAGE, left)), i + 1).reverse().map(copyRecord);
                i -= page.length;
                left -= page.length;
                yield page;
            }
            return;
        }
        for (let i = Math.max(0, from); i < length && left > 0;) {
            const page = stream.slice(i, Math.min(length, i + Math.min(PAGE, left))).map(copyRecord);
            i += page.length;
            left -= page.length;
            yield page;
        }
    }

    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        this.#checkOpen();
        const append = {aggregateName, aggregateId, events, revision};
        const result = this.#repeated(append) ?? this.#write(append);
        this.#notify();
        return result;
    }

    async appendAll(streams: readonly StreamAppend[]): Promise<readonly AppendResult[]> {
        this.#checkOpen();
        const repeated = streams.map(append => this.#repeated(append));
        const results = streams.map((append, i) => repeated[i] ?? this.#write(append));
        this.#notify();
        return results;
    }

    async *subscribe({after = -1n, filter, signal, batchSize = DEFAULT_BATCH}: SubscribeOptions = {}): AsyncGenerator<SubscriptionBatch> {
        this.#checkOpen();
        const types = filter?.types === undefined ? undefined : new Set(filter.types);
        const {events} = this.#data;
        let next = Number(after) + 1;
        let announced = false;
        while (this.#open && signal?.aborted !== true) {
            if (next < events.length || !announced) {
                announced = true;
                const batch: RecordedEvent[] = [];
                for (; next < events.length && batch.length < batchSize; next++) {
                    const record = events[next] as RecordedEvent;
                    if (types === undefined || types.has(record.type))
                        batch.push(copyRecord(record));
                }
                yield {events: batch, position: next === 0 ? undefined : BigInt(next - 1), caughtUp: next >= events.length};
            } else {
                await this.#changed(signal);
            }
        }
    }

    async getLatestPosition(filter?: EventFilter): Promise<bigint | null> {
        this.#checkOpen();
        const {events} = this.#data;
        if (filter?.types === undefined)
            return events.length === 0 ? null : BigInt(events.length - 1);
        const types = new Set(filter.types);
        return events.findLast(({type}) => types.has(type))?.position ?? null;
    }

    #checkOpen(): void {
        if (!this.#open)
            throw new UnavailableError('The event store is not connected.', {code: 'CLOSED'});
    }

    /** Checks an append; the result of an earlier one that it repeats, or `undefined` when it is to be written. */
    #repeated({aggregateName, aggregateId, events, revision}: StreamAppend): AppendResult | undefined {
        const first = events[0];
        if (first === undefined)
            throw new BadRequestError('There is nothing to append.', {code: 'NO_EVENTS'});
        const stream = this.#data.streams.get(streamKey(aggregateName, aggregateId)) ?? [];
        const known = this.#data.byId.get(first.id);
        const start = revision === STATE_NEW ? 0 : typeof revision === 'bigint' ? Number(revision) + 1 : known === undefined ? -1 : Number(known.revision);
        const isRepeated = start >= 0 && events.every((event, i) => stream[start + i]?.id === event.id);
        if (isRepeated) {
            const last = stream[start + events.length - 1] as RecordedEvent;
            return {revision: last.revision, position: last.position};
        }
        checkRevision(aggregateName, aggregateId, BigInt(stream.length - 1), revision);
        const taken = events.find(event => this.#data.byId.has(event.id));
        if (taken !== undefined)
            throw new ConflictError(`Event id ${taken.id} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id: taken.id}});
        return undefined;
    }

    #write({aggregateName, aggregateId, events}: StreamAppend): AppendResult {
        const {streams, events: all, byId} = this.#data;
        const key = streamKey(aggregateName, aggregateId);
        let stream = streams.get(key);
        if (stream === undefined)
            streams.set(key, stream = []);
        let record: RecordedEvent | undefined;
        for (const event of events) {
            const {id, type, version, timestamp, payload, meta, correlationId, causationId, tags} = event;
            record = {
                id, type, version, timestamp, payload: cloneData(payload), meta: cloneData(meta), correlationId, causationId,
                tags: tags.length === 0 ? tags : [...tags], aggregateName, aggregateId,
                revision: BigInt(stream.length), position: BigInt(all.length)
            };
            stream.push(record);
            all.push(record);
            byId.set(id, record);
        }
        const {revision, position} = record as RecordedEvent;
        return {revision, position};
    }

    #notify(): void {
        for (const listener of this.#data.listeners)
            listener();
    }

    #changed(signal: AbortSignal | undefined): Promise<void> {
        return new Promise(resolve => {
            const wake = (): void => {
                this.#data.listeners.delete(wake);
                this.#closing.delete(wake);
                signal?.removeEventListener('abort', wake);
                resolve();
            };
            this.#data.listeners.add(wake);
            this.#closing.add(wake);
            signal?.addEventListener('abort', wake);
        });
    }
}

const streamKey = (aggregateName: string, aggregateId: string): string => `${aggregateName.length}:${aggregateName}${aggregateId}`;

const copyRecord = (record: RecordedEvent): RecordedEvent => ({...record, payload: cloneData(record.payload), meta: cloneData(record.meta)});

function checkRevision(aggregateName: string, aggregateId: string, current: bigint, expected: ExpectedRevision | undefined): void {
    const holds = expected === undefined
        || (expected === STATE_NEW ? current < 0n : expected === STATE_EXISTS ? current >= 0n : current === expected);
    if (!holds)
        throw new ConflictError(`Aggregate '${aggregateName}/${aggregateId}' is at revision ${current}, not at ${String(expected)}.`,
            {code: 'REVISION_CONFLICT', details: {current: current.toString(), expected: String(expected)}});
}
