import type {EventData, RecordedEvent} from '../../events/index.ts';
import type {
    AppendResult, EventFilter, EventQuery, EventQueryOptions, EventStoreCapabilities, ExpectedRevision, IEventStore, ReadOptions, SubscribeOptions, SubscriptionBatch
} from '../../ports/index.ts';
import {cloneData} from '../../shared/data.ts';
import type {PersonalEvents} from './personal-events.ts';

type Optional = 'appendAll' | 'query' | 'erase';

/** An event store that keeps personal fields encrypted: what is behind it never sees them. */
export class PersonalEventStore implements Omit<IEventStore, Optional> {
    readonly #inner: IEventStore;
    readonly #events: PersonalEvents;
    readonly #sealing = new Set<Promise<unknown>>();

    constructor(inner: IEventStore, events: PersonalEvents) {
        this.#inner = inner;
        this.#events = events;
    }

    get supports(): EventStoreCapabilities {
        return this.#inner.supports;
    }

    connect(): Promise<void> {
        return this.#inner.connect();
    }

    /** Lets appends that are being sealed get through. */
    async close(): Promise<void> {
        if (this.#sealing.size > 0)
            await Promise.allSettled(this.#sealing);
        await this.#inner.close();
    }

    read(aggregateName: string, aggregateId: string, options?: ReadOptions): AsyncIterable<readonly RecordedEvent[]> {
        return this.#open(this.#inner.read(aggregateName, aggregateId, options));
    }

    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        const sealed = this.#events.seal(aggregateId, events);
        return this.#inner.append(aggregateName, aggregateId, sealed instanceof Promise ? await this.#track(sealed) : sealed, revision);
    }

    // What the adapter has only once it is connected, is there from then on.
    get appendAll(): IEventStore['appendAll'] {
        const inner = this.#inner;
        return inner.appendAll && (async (streams, condition) => {
            // What the caller changes from now on is nobody's concern; where nothing is sealed, the adapter sees to that.
            const copies = streams.some(({events}) => this.#events.hasPersonal(events)) ? cloneData(streams) : undefined;
            const appends = copies === undefined ? streams : await this.#track(Promise.all(
                copies.map(async stream => ({...stream, events: await this.#events.seal(stream.aggregateId, stream.events)}))));
            return await inner.appendAll?.(appends, condition) ?? [];
        });
    }

    get query(): IEventStore['query'] {
        const inner = this.#inner;
        return inner.query && ((query: EventQuery, options?: EventQueryOptions) => this.#open(inner.query?.(query, options) ?? []));
    }

    get erase(): IEventStore['erase'] {
        const inner = this.#inner;
        return inner.erase && (async (aggregateName, aggregateId, tombstone, revision) => {
            const [sealed = tombstone] = await this.#track(Promise.resolve(this.#events.seal(aggregateId, [tombstone])));
            return inner.erase?.(aggregateName, aggregateId, sealed, revision) as Promise<AppendResult>;
        });
    }

    subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionBatch> {
        return {[Symbol.asyncIterator]: () => new OpeningSubscription(this.#inner.subscribe(options)[Symbol.asyncIterator](), this.#events)};
    }

    getLatestPosition(filter?: EventFilter): Promise<bigint | null> {
        return this.#inner.getLatestPosition(filter);
    }

    /** Whoever waits for what is tracked goes on before {@link close} does. */
    #track<R>(sealed: Promise<R>): Promise<R> {
        const tracked = sealed.finally(() => this.#sealing.delete(tracked));
        this.#sealing.add(tracked);
        return tracked;
    }

    async *#open(pages: AsyncIterable<readonly RecordedEvent[]> | readonly (readonly RecordedEvent[])[]): AsyncGenerator<readonly RecordedEvent[], void> {
        for await (const page of pages)
            yield await this.#events.open(page, false);
    }
}

/** Not a generator: that would answer `return` only after the `next` that it waits for. */
class OpeningSubscription implements AsyncIterator<SubscriptionBatch, unknown> {
    readonly #inner: AsyncIterator<SubscriptionBatch, unknown>;
    readonly #events: PersonalEvents;

    constructor(inner: AsyncIterator<SubscriptionBatch, unknown>, events: PersonalEvents) {
        this.#inner = inner;
        this.#events = events;
    }

    async next(): Promise<IteratorResult<SubscriptionBatch, unknown>> {
        const result = await this.#inner.next();
        if (result.done === true)
            return result;
        try {
            return {done: false, value: {...result.value, events: await this.#events.open(result.value.events, true)}};
        } catch (error) {
            await this.#inner.return?.();
            throw error;
        }
    }

    async return(): Promise<IteratorResult<SubscriptionBatch, unknown>> {
        return await this.#inner.return?.() ?? {done: true, value: undefined};
    }
}
