import {ConfigError, NotFoundError, WoltageError} from '../errors/index.ts';
import {decodeValue, encodeValue} from '../shared/json-codec.ts';
import {type Event, missingStatics, type EventClass} from './event.ts';
import {eventIdentity} from './event-type.ts';
import type {EventData, RecordedEvent} from './recorded-event.ts';
import {TombstoneEvent} from './tombstone-event.ts';

/** Where an event comes from, for its correlation. */
export interface Cause {
    readonly id: string;
    readonly correlationId: string;
}

/** The event classes of one runtime: turns events into records and back. */
export class EventCatalogue {
    readonly #byIdentity = new Map<string, EventClass>();
    readonly #byClass = new Map<unknown, {readonly type: string; readonly version: number}>();

    /**
     * @param sourceOf Says where a class comes from, for messages
     * @throws ConfigError `EVENT_CLASS_INVALID`, `DUPLICATE_EVENT_CLASS`
     */
    constructor(classes: readonly EventClass[], sourceOf: (eventClass: EventClass) => string = c => c.name) {
        for (const eventClass of classes) {
            const problem = missingStatics(eventClass);
            if (problem !== '')
                throw new ConfigError(`Event class ${sourceOf(eventClass)}: ${problem}`, {code: 'EVENT_CLASS_INVALID'});
            const {type, version, identity} = eventClass;
            if (typeof type !== 'string' || type === '')
                throw new ConfigError(`Event class ${sourceOf(eventClass)}: its type is empty. Name the class, or give it a `
                    + '`static type`.', {code: 'EVENT_CLASS_INVALID'});
            const other = this.#byIdentity.get(identity);
            if (other !== undefined)
                throw new ConfigError(`Event classes ${sourceOf(other)} and ${sourceOf(eventClass)} are both '${identity}'. `
                    + 'Raise the `static version` of the newer one, or give it another name.', {code: 'DUPLICATE_EVENT_CLASS'});
            this.#byIdentity.set(identity, eventClass);
            this.#byClass.set(eventClass, {type, version});
        }
        this.#learnTombstone();
    }

    /** Known everywhere, unless somebody has an event of that name. */
    #learnTombstone(): void {
        const {type, version, identity} = TombstoneEvent;
        if (this.#byIdentity.has(identity))
            return;
        this.#byIdentity.set(identity, TombstoneEvent);
        this.#byClass.set(TombstoneEvent, {type, version});
    }

    get classes(): readonly EventClass[] {
        return [...this.#byIdentity.values()];
    }

    get(type: string, version: number): EventClass | undefined {
        return this.#byIdentity.get(eventIdentity(type, version));
    }

    /**
     * The record of a new event.
     *
     * @throws ConfigError `UNKNOWN_EVENT_CLASS` when the event's class isn't one of this runtime's
     * @throws BadRequestError `NOT_ENCODABLE` when payload or meta can't be stored
     */
    toData(event: Event, id: string = event.id, cause?: Cause): EventData {
        const known = this.#byClass.get(event.constructor);
        if (known === undefined)
            throw new ConfigError(`Event class ${event.constructor.name} is not known here. Add it to \`eventClasses\` in the `
                + 'config, or to the directory that is configured there.', {code: 'UNKNOWN_EVENT_CLASS'});
        const isRoot = event.causationId === null && event.correlationId === event.id;
        return {
            id,
            type: known.type,
            version: known.version,
            timestamp: event.timestamp,
            payload: encodeValue(event.payload),
            meta: encodeValue(event.meta),
            correlationId: isRoot ? cause?.correlationId ?? id : event.correlationId,
            causationId: isRoot && cause !== undefined ? cause.id : event.causationId,
            tags: tagsOf(event)
        };
    }

    /**
     * The event of a record, without validation. The record belongs to the event from then on.
     *
     * @throws NotFoundError `UNKNOWN_EVENT` when no class has the record's type and version
     */
    toEvent(record: RecordedEvent): Event {
        const eventClass = this.get(record.type, record.version);
        if (eventClass === undefined)
            throw new NotFoundError(`No event class for '${record.type}@${record.version}' (event ${record.id} at position `
                + `${record.position}). Add the class to \`eventClasses\` again.`, {code: 'UNKNOWN_EVENT'});
        return instantiate(eventClass, record, decodeValue(record.payload));
    }

    /** The event of a record in a later version, through the `static upcast` of each version in between. */
    toUpcastEvent(record: RecordedEvent, version: number): Event {
        let payload = decodeValue(record.payload);
        let eventClass: EventClass | undefined;
        for (let v = record.version + 1; v <= version; v++) {
            eventClass = this.get(record.type, v);
            payload = upcastOf(eventClass)?.(payload);
        }
        if (eventClass === undefined)
            throw new WoltageError(`'${record.type}@${record.version}' can't be upcast to version ${version}.`, 500, {code: 'UPCAST_FAILED'});
        return instantiate(eventClass, {...record, version}, payload);
    }

    /** True when each version after `from`, up to `to`, has a `static upcast`. */
    canUpcast(type: string, from: number, to: number): boolean {
        for (let version = from + 1; version <= to; version++) {
            if (upcastOf(this.get(type, version)) === undefined)
                return false;
        }
        return from < to;
    }
}

/** Marks an event as recorded, or as belonging to an aggregate: the only changes an event ever sees. */
export function placeEvent(
    event: Event,
    place: {readonly [Field in keyof Event]?: Event[Field]}
): void {
    Object.assign(event, place);
}

function instantiate(eventClass: EventClass, record: RecordedEvent, payload: unknown): Event {
    const meta = decodeValue(record.meta);
    const data = payload === record.payload && meta === record.meta ? record : {...record, payload, meta};
    return new eventClass(data as never, false);
}

type Upcast = (payload: unknown) => unknown;

function upcastOf(eventClass: EventClass | undefined): Upcast | undefined {
    if (eventClass === undefined || !Object.hasOwn(eventClass, 'upcast'))
        return undefined;
    const {upcast} = eventClass as {readonly upcast?: unknown};
    return typeof upcast === 'function' ? payload => (upcast as Upcast).call(eventClass, payload) : undefined;
}

const NO_TAGS: readonly string[] = [];

function tagsOf(event: Event): readonly string[] {
    const {tags} = event.constructor as {readonly tags?: unknown};
    if (tags === undefined)
        return NO_TAGS;
    const list: unknown = typeof tags === 'function' ? (tags as (payload: unknown) => unknown)(event.payload) : tags;
    if (!Array.isArray(list) || !list.every(tag => typeof tag === 'string' && tag !== ''))
        throw new ConfigError(`Tags of event class ${event.constructor.name} must be non-empty strings.`, {code: 'INVALID_TAGS'});
    return list as string[];
}
