import {checkAggregateId} from '../aggregates/index.ts';
import {currentContext, type ContextRuntime} from '../context/index.ts';
import {BadRequestError} from '../errors/index.ts';
import {Event, isStreamId, placeEvent, placeRecorded, TombstoneEvent, type EventCatalogue, type EventData} from '../events/index.ts';
import type {AppendResult, IEventStore} from '../ports/index.ts';
import {encodeJson} from '../shared/json-codec.ts';
import {deriveUuid, uuidV7} from '../shared/uuid.ts';
import type {KeyedWork} from '../tasks/index.ts';

export interface PublishEventsOptions {
    /** Of the streams that they go to. @default the name of the event's first tag, else the first part of its type */
    readonly aggregateName?: string | undefined;
    /** Names the request: a repetition of it is answered as the first was and appends nothing, in whatever process. 1 to 256 characters. */
    readonly idempotencyKey?: string | undefined;
}

export interface PublishedEvents {
    /** Of the last event: wait for it to read your own writes. */
    readonly position: bigint;
    /** As recorded. */
    readonly events: readonly Event[];
}

/** Gives ids: of the event at an index, of a new stream, and of an event's own. */
interface Ids {
    readonly event: (index: number) => Promise<string> | string;
    readonly stream: () => Promise<string> | string;
    /** What an event names itself. */
    readonly own: (event: Event) => string | undefined;
}

interface Stream {
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly list: Event[];
    readonly events: EventData[];
}

/** What is kept for a key: where the events stand. */
interface KeptPublication {
    readonly position: string;
    readonly places: readonly {readonly id: string; readonly aggregateId: string; readonly correlationId: string; readonly causationId: string | null; readonly revision: string; readonly position: string}[];
}

const OPTIONS = new Set(['aggregateName', 'idempotencyKey']);

/** Appends events without an aggregate. */
export class EventPublisher {
    readonly #eventStore: IEventStore;
    readonly #catalogue: EventCatalogue;
    readonly #work: KeyedWork;
    readonly #runtime: ContextRuntime;
    /** Events that came without an `aggregateId`: they may come again. */
    readonly #nameless = new WeakSet<Event>();

    constructor(eventStore: IEventStore, catalogue: EventCatalogue, {keyedWork, runtime}: {readonly keyedWork: KeyedWork; readonly runtime: ContextRuntime}) {
        this.#eventStore = eventStore;
        this.#catalogue = catalogue;
        this.#work = keyedWork;
        this.#runtime = runtime;
    }

    async publish(given: Event | readonly Event[], options: PublishEventsOptions): Promise<PublishedEvents> {
        const events = Array.isArray(given) ? given as readonly Event[] : [given as Event];
        checkEvents(events);
        checkOptions(options);
        const {aggregateName, idempotencyKey} = options;
        if (idempotencyKey === undefined)
            return this.#append(events, aggregateName, {
                event: index => (events[index] as Event).id, stream: () => this.#runtime.clock?.newId() ?? uuidV7(), own: ({aggregateId}) => aggregateId || undefined
            });
        const {outcome, answer} = await this.#work.run<PublishedEvents, KeptPublication>(idempotencyKey, {
            fingerprint: await deriveUuid('', encodeJson([aggregateName ?? null, events.map(event => [event.constructor.name, this.#idOf(event) ?? null, event.payload ?? null, event.meta ?? null])])),
            execute: idOf => this.#append(events, aggregateName, {event: index => idOf(String(index)), stream: () => idOf('stream'), own: event => this.#idOf(event)}),
            toAnswer: toKept,
            // What is appended once more under the same ids is found by the event store.
            find: () => Promise.resolve(undefined)
        });
        if (outcome !== undefined)
            return outcome;
        answer.places.forEach(({aggregateId}, i) => this.#name(events.slice(i, i + 1), aggregateId));
        return restore(events, answer);
    }

    async #append(events: readonly Event[], aggregateName: string | undefined, ids: Ids): Promise<PublishedEvents> {
        const streams = await this.#streamsOf(events, aggregateName, ids);
        const results = await this.#write(streams);
        let position = -1n;
        for (const [i, {list, aggregateId, events: data}] of streams.entries()) {
            const result = results[i] as AppendResult;
            this.#name(list, aggregateId);
            placeRecorded(list, data, result);
            position = result.position > position ? result.position : position;
        }
        return {position, events};
    }

    async #streamsOf(events: readonly Event[], aggregateName: string | undefined, ids: Ids): Promise<readonly Stream[]> {
        const context = currentContext();
        const cause = context?.runtime === this.#runtime ? context.effects?.cause : undefined;
        const streams = new Map<string, Stream>();
        let newId: string | undefined;
        for (const [index, event] of events.entries()) {
            const data = this.#catalogue.toData(event, await ids.event(index), cause);
            const name = aggregateName ?? nameFor(data);
            const aggregateId = ids.own(event) ?? (newId ??= await ids.stream());
            const key = JSON.stringify([name, aggregateId]);
            const stream = streams.get(key) ?? {aggregateName: name, aggregateId, list: [], events: []};
            stream.list.push(event);
            stream.events.push(data);
            streams.set(key, stream);
        }
        return [...streams.values()];
    }

    #idOf(event: Event): string | undefined {
        return event.aggregateId === '' || this.#nameless.has(event) ? undefined : event.aggregateId;
    }

    #name(events: readonly Event[], aggregateId: string): void {
        for (const event of events) {
            if (event.aggregateId === '')
                this.#nameless.add(event);
            placeEvent(event, {aggregateId});
        }
    }

    async #write(streams: readonly Stream[]): Promise<readonly AppendResult[]> {
        if (streams.length > 1 && this.#eventStore.supports.multiStreamAppend)
            return (this.#eventStore as Required<IEventStore>).appendAll(streams.map(({aggregateName, aggregateId, events}) => ({aggregateName, aggregateId, events})));
        const results: AppendResult[] = [];
        for (const {aggregateName, aggregateId, events} of streams)
            results.push(await this.#eventStore.append(aggregateName, aggregateId, events));
        return results;
    }
}

/** The name of the first tag that has one, else the first part of the type. */
function nameFor({tags: [tag = ''], type}: EventData): string {
    const [, name] = /^([^:]+):/s.exec(tag) ?? [];
    return isStreamId(name) ? name : type.split('.', 1)[0] || type;
}

function checkEvents(events: readonly Event[]): void {
    if (events.length === 0)
        throw new BadRequestError('There are no events to publish.', {code: 'NO_EVENTS'});
    for (const event of events) {
        if (!(event instanceof Event))
            throw new BadRequestError('publish takes an event, or several: woltage.publish(new OrderPlaced({payload})).', {code: 'INVALID_EVENT'});
        if (event instanceof TombstoneEvent)
            throw new BadRequestError('A tombstone can\'t be published: it has to be decided by a command of its aggregate.', {code: 'INVALID_EVENT'});
        if (event.aggregateId !== '')
            checkAggregateId(event.aggregateId);
    }
}

function checkOptions(options: PublishEventsOptions): void {
    const unknown = Object.keys(options).find(key => !OPTIONS.has(key));
    if (unknown !== undefined)
        throw new BadRequestError(`'${unknown}' is not an option of publish (${[...OPTIONS].join(', ')}).`, {code: 'INVALID_OPTIONS'});
    if (options.aggregateName !== undefined && !isStreamId(options.aggregateName))
        throw new BadRequestError('The aggregate name of published events is a string.', {code: 'INVALID_OPTIONS'});
}

const toKept = ({position, events}: PublishedEvents): KeptPublication => ({
    position: position.toString(),
    places: events.map(({id, aggregateId, correlationId, causationId, revision, position: at}) => ({id, aggregateId, correlationId, causationId, revision: revision.toString(), position: at.toString()}))
});

function restore(events: readonly Event[], {position, places}: KeptPublication): PublishedEvents {
    for (const [i, event] of events.entries()) {
        const {revision, position: at, ...place} = places[i] as KeptPublication['places'][number];
        placeEvent(event, {...place, revision: BigInt(revision), position: BigInt(at)});
    }
    return {position: BigInt(position), events};
}
