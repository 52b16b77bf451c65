import {KurrentDBClient} from '@kurrent/kurrentdb-client';
import {
    BadRequestError, EndableSubscription, UnavailableError, type AppendCondition, type AppendResult, type EventData, type EventStoreCapabilities, type EventFilter, type ExpectedRevision, type IEventStore,
    type ReadOptions, type RecordedEvent, type StreamAppend, type SubscribeOptions, type SubscriptionBatch
} from 'woltage';
import {connect, type Connection} from './connection.ts';
import {encodeAppend} from './encode.ts';
import type {MultiAppender} from './multi-appender.ts';
import {optionsError, settingsOf, type KurrentDBEventStoreOptions, type Settings} from './options.ts';
import {toRecord, type LocatedEvent} from './records.ts';
import {checkSizes} from './sizes.ts';
import {StreamNames} from './stream-names.ts';
import {Following} from './subscription.ts';

const READ_PAGE = 1000;

/**
 * An event store in KurrentDB. An aggregate is a stream, `order-1`, in the category of its name.
 *
 * @example
 * {adapter: KurrentDBEventStore, args: ['kurrentdb://localhost:2113?tls=false']}
 */
export class KurrentDBEventStore implements IEventStore {
    readonly #settings: Settings;
    readonly #names: StreamNames;
    /** Made once: the client has no means to give its connection back. */
    #client: KurrentDBClient | undefined;
    #connection: Connection | undefined;
    #turn: Promise<void> = Promise.resolve();
    /**
     * Appends to several streams, all or nothing; there where the server offers it (25.1 and newer), from `connect` on.
     *
     * @throws What `append` throws; BadRequestError `INVALID_EVENT` for types with other characters than letters, digits and `_.$:-`
     */
    appendAll?: (streams: readonly StreamAppend[], condition?: AppendCondition) => Promise<readonly AppendResult[]>;

    /** @throws ConfigError `KURRENTDB_OPTIONS` */
    constructor(options: string | KurrentDBEventStoreOptions) {
        this.#settings = settingsOf(options);
        this.#names = new StreamNames(this.#settings.streamPrefix);
    }

    get supports(): EventStoreCapabilities {
        return {multiStreamAppend: this.appendAll !== undefined, eventIdsPerStream: true, erasure: true, erasesLater: true};
    }

    /**
     * @throws ConfigError `KURRENTDB_OPTIONS`, `KURRENTDB_CREDENTIALS`
     * @throws UnavailableError `KURRENTDB_UNAVAILABLE`, with the server's address, after `timeoutMs`
     */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#connection !== undefined)
                return;
            const connection = this.#connection = await connect(this.#client ??= clientOf(this.#settings), this.#names, this.#settings);
            if (connection.multiAppender === undefined)
                delete this.appendAll;
            else
                this.appendAll = (...args) => this.#appendAll(...args);
        });
    }

    close(): Promise<void> {
        return this.#inTurn(async () => {
            const connection = this.#connection;
            this.#connection = undefined;
            for (const subscription of [...connection?.subscriptions ?? []])
                subscription.end();
            await Promise.allSettled([...connection?.underWay ?? []]);
            await connection?.head.stop();
            if (this.#settings.client === undefined)
                await this.#client?.dispose();
        });
    }

    async *read(aggregateName: string, aggregateId: string, options: ReadOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
        const address = {aggregateName, aggregateId};
        for await (const page of this.#pages(this.#names.toStream(aggregateName, aggregateId), options))
            yield page.map(event => toRecord(event, address));
    }

    async *#pages(stream: string, options: ReadOptions): AsyncGenerator<readonly LocatedEvent[]> {
        const {fromRevision: start, direction = 'forwards', limit = Infinity} = options;
        const isForwards = direction === 'forwards';
        const learns = isForwards && options.tombstone !== true;
        for (let from = start, size = READ_PAGE, left = limit; size === READ_PAGE; left -= READ_PAGE) {
            const {reader, tails} = this.#open();
            size = Math.min(READ_PAGE, left);
            const page = await reader.page(stream, direction, from, size, options.tombstone);
            const last = page.at(-1)?.event.revision;
            if (learns && page.length < size)
                tails.learn(stream, page, page[0]?.event.revision === 0n);
            if (last === undefined)
                return this.#checkEmpty(stream, options);
            yield page;
            if (page.length < size)
                return;
            from = last + (isForwards ? 1n : -1n);
        }
    }

    /** An empty page may lie beyond the end of an erased stream, or before it. */
    async #checkEmpty(stream: string, {fromRevision, direction, tombstone}: ReadOptions): Promise<void> {
        const {reader, tails} = this.#open();
        const isBehindKnown = direction !== 'backwards' && fromRevision !== undefined && tails.knows(stream, fromRevision - 1n);
        if (fromRevision !== undefined && tombstone !== true && !isBehindKnown)
            await reader.assertNotErased(stream);
    }

    /** @throws UnavailableError `KURRENTDB_UNAVAILABLE` when it could not be carried out within `timeoutMs`, or it isn't known whether it was: repeat it with the same ids */
    async append(aggregateName: string, aggregateId: string, events: readonly EventData[], revision?: ExpectedRevision): Promise<AppendResult> {
        const connection = this.#open();
        const append = encodeAppend(this.#names, {aggregateName, aggregateId, events, revision});
        checkSizes([append], connection.maxAppendSize);
        const result = await connection.track(connection.appender.append(append));
        connection.head.note(result.position);
        return result;
    }

    /**
     * Has the server itself end a stream: it can neither be read nor appended to any more, and its events leave the disk with the next scavenge, without a trace
     * for projections. Use {@link erase} where they shall hear of it.
     *
     * @throws ConflictError `REVISION_CONFLICT` when the stream is not as expected
     * @throws GoneError when it has been ended before
     */
    async tombstone(aggregateName: string, aggregateId: string, revision?: bigint): Promise<void> {
        const connection = this.#open();
        await connection.track(connection.tombstones.put({aggregateName, aggregateId, stream: this.#names.toStream(aggregateName, aggregateId), revision}));
    }

    /**
     * Ends a stream for good: the tombstone is its last event, and the stream is truncated before it. The removed events can't be read any more, but stay in $all,
     * and on the disk, until the server's next scavenge.
     *
     * @throws What `append` throws
     */
    async erase(aggregateName: string, aggregateId: string, tombstone: EventData, revision?: ExpectedRevision): Promise<AppendResult> {
        const connection = this.#open();
        const append = encodeAppend(this.#names, {aggregateName, aggregateId, events: [tombstone], revision});
        checkSizes([append], connection.maxAppendSize);
        const result = await connection.track(connection.erasure.erase(append));
        connection.head.note(result.position);
        return result;
    }

    subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionBatch> {
        let connection: Connection | undefined;
        return new EndableSubscription({
            signal: options.signal,
            start: subscription => {
                connection = this.#open();
                connection.subscriptions.add(subscription);
            },
            read: ending => new Following(connection ?? this.#open(), options, ending).batches(),
            finish: subscription => connection?.subscriptions.delete(subscription)
        });
    }

    async getLatestPosition(filter?: EventFilter): Promise<bigint | null> {
        return this.#open().all.latest(filter);
    }

    async #appendAll(streams: readonly StreamAppend[], condition?: AppendCondition): Promise<readonly AppendResult[]> {
        if (condition !== undefined)
            throw new BadRequestError('KurrentDB can\'t append on condition that nothing matches a query.', {code: 'CONDITION_UNSUPPORTED'});
        const connection = this.#open();
        const appends = streams.map(append => encodeAppend(this.#names, append));
        checkSizes(appends, connection.maxAppendSize);
        const results = await connection.track((connection.multiAppender as MultiAppender).appendAll(appends));
        for (const {position} of results)
            connection.head.note(position);
        return results;
    }

    #open(): Connection {
        if (this.#connection === undefined)
            throw new UnavailableError(`The event store at KurrentDB ${this.#settings.server} is not connected.`, {code: 'CLOSED'});
        return this.#connection;
    }

    /** One opening or closing at a time, in the order of the calls. */
    #inTurn(step: () => Promise<void>): Promise<void> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}

function clientOf({client, connectionString}: Settings): KurrentDBClient {
    if (client !== undefined)
        return client;
    try {
        return KurrentDBClient.connectionString(connectionString ?? '');
    } catch {
        // Its own error holds the connection string, and with it the password.
        throw optionsError('the client refuses the connectionString. Look at its settings, and at the files that it names.');
    }
}
