import type {EventData, RecordedEvent} from '../events/recorded-event.ts';

/** Expects that the stream has no events yet. */
export const STATE_NEW = 'state_new';
/** Expects that the stream has at least one event. */
export const STATE_EXISTS = 'state_exists';

/**
 * What an append expects of its stream: the exact revision of the last event, {@link STATE_NEW} or {@link STATE_EXISTS}.
 * Leaving it out appends regardless.
 */
export type ExpectedRevision = bigint | typeof STATE_NEW | typeof STATE_EXISTS;

export interface ReadOptions {
    /** Inclusive; the start of the stream by default, its end when the direction is `backwards`. */
    readonly fromRevision?: bigint | undefined;
    /** @default 'forwards' */
    readonly direction?: 'forwards' | 'backwards' | undefined;
    /** The greatest number of events to read; all by default. */
    readonly limit?: number | undefined;
    /** Whether an erased stream is read as what is left of it, its tombstone, instead of being a `GoneError`. @default false */
    readonly tombstone?: boolean | undefined;
}

export interface EventFilter {
    /** Whole event types; left out: all types. An empty list matches nothing. */
    readonly types?: readonly string[] | undefined;
    /**
     * A hint for subscriptions: events of aggregates that it refuses are not needed, and may be left out where that saves work. The
     * caller doesn't rely on it.
     */
    readonly accepts?: ((aggregateName: string, aggregateId: string) => boolean) | undefined;
}

export interface SubscribeOptions {
    /** Exclusive; left out: from the first event of the store. */
    readonly after?: bigint | undefined;
    readonly filter?: EventFilter | undefined;
    /** Ends the subscription: the iteration finishes without an error. */
    readonly signal?: AbortSignal | undefined;
    /** The greatest number of events of a batch. @default 1000 */
    readonly batchSize?: number | undefined;
}

export interface SubscriptionBatch {
    /** In the order of their positions; empty when a stretch held nothing that matches the filter. */
    readonly events: readonly RecordedEvent[];
    /**
     * Everything up to and including this position has been delivered or left out by the filter: a subscription that
     * is resumed after it misses nothing. `undefined` while the store is empty.
     */
    readonly position: bigint | undefined;
    /** True when the store held nothing beyond `position` at the time of reading. */
    readonly caughtUp: boolean;
}

export interface StreamAppend {
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly events: readonly EventData[];
    readonly revision?: ExpectedRevision | undefined;
}

export interface AppendResult {
    /** Of the last event that was appended. */
    readonly revision: bigint;
    /** Of the last event that was appended. */
    readonly position: bigint;
}

/** Events of one of the types (left out: of any type) that carry all of the tags (left out: whatever they carry). Empty lists are refused. */
export interface EventCriterion {
    readonly types?: readonly string[] | undefined;
    readonly tags?: readonly string[] | undefined;
}

/** Events that meet at least one of the criteria. An empty list is refused. */
export type EventQuery = readonly EventCriterion[];

export interface EventQueryOptions {
    /** Exclusive; left out: from the first event of the store. */
    readonly after?: bigint | undefined;
    /** Inclusive; left out: to the end of the store. */
    readonly until?: bigint | undefined;
}

/** What an append depends on beside the revisions of its streams. */
export interface AppendCondition {
    /** No event that matches may stand ... */
    readonly query: EventQuery;
    /** ... after this position; left out: anywhere. */
    readonly after?: bigint | undefined;
}

export interface EventStoreCapabilities {
    /** `appendAll` exists and is atomic. */
    readonly multiStreamAppend: boolean;
    /** `appendAll` takes a stream several times, as if each append came after those before it, and positions follow the order of the list. @default false */
    readonly orderedAppendAll?: boolean;
    /** `query` exists, and `appendAll` takes a condition. @default false */
    readonly conditionalAppend?: boolean;
    /** `erase` exists. @default false */
    readonly erasure?: boolean;
    /**
     * True where subscriptions may deliver events of an erased stream until the database has cleaned up, and the repetition of an append of the removed events
     * may succeed as it once did. Reads of the stream never give them. @default false
     */
    readonly erasesLater?: boolean;
    /** True where an event id is taken in its own stream alone: other streams may hold it as well. @default false */
    readonly eventIdsPerStream?: boolean;
    /** False for a source of events alone, which can be subscribed to, and refuses `read` and `append`. @default true */
    readonly streams?: boolean;
}

/**
 * The port of an event store. Adapters exchange plain recorded events. Each call may be made by any number of callers
 * at once. What `eventStoreConformance` of `@woltage/testing` checks is the whole contract.
 */
export interface IEventStore {
    readonly supports: EventStoreCapabilities;

    /** Opens connections and creates the schema where it is missing. Repeated calls do nothing; works again after `close`. */
    connect(): Promise<void>;

    /** Ends subscriptions, lets appends under way finish, and closes every handle. Repeated calls do nothing. */
    close(): Promise<void>;

    /**
     * Reads a stream page by page, in revision order (or against it). A stream without events gives no page. The records
     * belong to the caller: changing them changes nothing in the store.
     *
     * @throws GoneError when the stream was erased
     */
    read(aggregateName: string, aggregateId: string, options?: ReadOptions): AsyncIterable<readonly RecordedEvent[]>;

    /**
     * Appends all events or none, durably: when the promise resolves, a power cut loses none of them.
     *
     * Repeating an append is safe: when the events with the same ids already stand in the stream where this append would
     * have put them (with an exact revision or `STATE_NEW`: right behind it; otherwise: anywhere, in a row), it succeeds with
     * their revision and position, and no second copy is made.
     *
     * @throws ConflictError `REVISION_CONFLICT` when the stream is not as expected; `EVENT_ID_EXISTS` when an id is taken, see
     * `supports.eventIdsPerStream`
     * @throws BadRequestError when `events` is empty
     * @throws GoneError when the stream was erased
     */
    append(
        aggregateName: string,
        aggregateId: string,
        events: readonly EventData[],
        revision?: ExpectedRevision
    ): Promise<AppendResult>;

    /**
     * Appends to several streams, all or nothing; the results stand in the order of `streams`. See `supports.multiStreamAppend`.
     *
     * @param condition Checked in the same step, see `supports.conditionalAppend`. It is about what stood there before: what the append itself writes may match. An
     * append that repeats an earlier one as a whole (see {@link append}) succeeds like that did, whatever has come since
     * @throws ConflictError `CONDITION_FAILED` when an event matches the condition's query; nothing is appended then
     * @throws BadRequestError `INVALID_QUERY`, see {@link query}; `CONDITION_UNSUPPORTED` where conditions are not supported
     */
    appendAll?(streams: readonly StreamAppend[], condition?: AppendCondition): Promise<readonly AppendResult[]>;

    /**
     * Reads the events that match, page by page, in the order of their positions, each once. What is found takes time, not what there is beside it. See
     * `supports.conditionalAppend`.
     *
     * **Whatever matches and stands before an event that it gives has been given**, also when others append meanwhile: the position of the last one is what a condition
     * can start from.
     *
     * @throws BadRequestError `INVALID_QUERY` for empty lists, and for anything that is no query (`checkEventQuery`)
     */
    query?(query: EventQuery, options?: EventQueryOptions): AsyncIterable<readonly RecordedEvent[]>;

    /**
     * Ends a stream for good, in one step: the tombstone is appended as its last event, and all events before it are removed, durably. A stream without events
     * can be erased, too. Appends that are made at the same time either come before it, and are removed, or fail. Subscriptions, also those that are under way,
     * get the tombstone at its position and none of the removed events, see `supports.erasesLater`; `read` and `append` (also with an exact revision, also
     * repetitions of what was removed) are a `GoneError` from then on, for all processes. Repeating it with the same tombstone's id succeeds like the first
     * time, whatever `revision` says. See `supports.erasure`.
     *
     * @throws ConflictError `REVISION_CONFLICT` when the stream is not as expected, `EVENT_ID_EXISTS` when the tombstone's id is taken; nothing is removed then
     * @throws GoneError when the stream was erased with another tombstone
     */
    erase?(aggregateName: string, aggregateId: string, tombstone: EventData, revision?: ExpectedRevision): Promise<AppendResult>;

    /**
     * Delivers every event after a position, first the past and then, endlessly, what comes. **No event is ever skipped**,
     * not even one that commits late. The next batch is prepared only when it is asked for (backpressure). It ends when
     * the signal aborts, the store is closed or the consumer returns.
     */
    subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionBatch>;

    /** The position of the last event that matches; `null` when there is none. */
    getLatestPosition(filter?: EventFilter): Promise<bigint | null>;
}
