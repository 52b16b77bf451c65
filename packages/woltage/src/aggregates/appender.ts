import {isWoltageError} from '../errors/index.ts';
import type {Event, EventData} from '../events/index.ts';
import type {AppendResult, ExpectedRevision, IEventStore, StreamAppend} from '../ports/index.ts';
import type {Aggregate} from './aggregate.ts';
import {eraseStream} from './erase-stream.ts';
import type {KeyReservations} from './key-reservations.ts';
import {checkAmongEachOther, checkClaims, claimsOf, lastClaims, type Claim} from './unique-keys.ts';

/** The events of one aggregate that are to be appended. */
export interface AggregateAppend {
    readonly aggregate: Aggregate;
    readonly aggregateId: string;
    readonly events: readonly Event[];
    readonly data: readonly EventData[];
    readonly revision: ExpectedRevision | undefined;
}

/** How often a claim is looked at anew when somebody claims the same value at the same time. */
const MAX_LOOKS = 10;

/** Appends the events of aggregates, and enforces their unique keys with it. */
export class Appender {
    readonly #eventStore: IEventStore;
    readonly #reservations: KeyReservations;

    /** @param reservations Where the event store can't append on a condition */
    constructor(eventStore: IEventStore, reservations: KeyReservations) {
        this.#eventStore = eventStore;
        this.#reservations = reservations;
    }

    /** Whether several aggregates can be appended to in one write. */
    get isAtomic(): boolean {
        return this.#eventStore.supports.multiStreamAppend;
    }

    /** Not async: on a hot path every promise counts. @throws ConflictError `REVISION_CONFLICT`, `UNIQUE_KEY_TAKEN` */
    appendOne(append: AggregateAppend): Promise<AppendResult> {
        const {aggregate: {name, options}, aggregateId, data, revision} = append;
        return options.uniqueKeys === undefined
            ? this.#eventStore.append(name, aggregateId, data, revision)
            : this.append([append]).then(([result]) => result as AppendResult);
    }

    /** Ends an aggregate with its tombstone, see {@link eraseStream}. */
    erase({aggregate: {name}, aggregateId, data, revision}: AggregateAppend, erased: () => Promise<void>): Promise<AppendResult> {
        return eraseStream(this.#eventStore, {aggregateName: name, aggregateId, data, revision}, erased);
    }

    /** Appends all of it or nothing. @throws ConflictError `REVISION_CONFLICT`, `UNIQUE_KEY_TAKEN` */
    async append(appends: readonly AggregateAppend[]): Promise<readonly AppendResult[]> {
        if (appends.every(({aggregate: {options}}) => options.uniqueKeys === undefined))
            return this.#write(appends.map(streamOf));
        const claims: Claim[] = [];
        const streams: StreamAppend[] = [];
        for (const append of appends) {
            const claiming = await Promise.all(append.data.map((data, i) => claimsOf(append.aggregate, append.aggregateId, append.events[i] as Event, data)));
            claims.push(...lastClaims(claiming));
            streams.push({...streamOf(append), events: claiming.map(({data}) => data)});
        }
        checkAmongEachOther(claims);
        if (claims.length === 0)
            return this.#write(streams);
        return this.#eventStore.supports.conditionalAppend === true ? this.#writeOnCondition(streams, claims) : this.#reservations.hold(claims, () => this.#write(streams));
    }

    async #write(streams: readonly StreamAppend[]): Promise<readonly AppendResult[]> {
        const [first] = streams;
        if (streams.length > 1 || first === undefined)
            return (this.#eventStore as Required<IEventStore>).appendAll(streams);
        return [await this.#eventStore.append(first.aggregateName, first.aggregateId, first.events, first.revision)];
    }

    async #writeOnCondition(streams: readonly StreamAppend[], claims: readonly Claim[]): Promise<readonly AppendResult[]> {
        const eventStore = this.#eventStore as Required<IEventStore>;
        for (let look = 1; ; look++) {
            const condition = await checkClaims(eventStore, claims);
            try {
                return await eventStore.appendAll(streams, condition);
            } catch (error) {
                // Somebody has claimed one of the values meanwhile: the next look will tell whether they still hold it.
                if (!isWoltageError(error) || error.code !== 'CONDITION_FAILED' || look >= MAX_LOOKS)
                    throw error;
            }
        }
    }
}

const streamOf = ({aggregate: {name}, aggregateId, data, revision}: AggregateAppend): StreamAppend => ({aggregateName: name, aggregateId, events: data, revision});
