import {ConfigError, NotFoundError} from '../errors/index.ts';
import {decodeValue, encodeValue} from '../shared/json-codec.ts';
import {CastRefusal} from './automatic-cast.ts';
import {CastingFallback, type EventCastingFallback} from './casting-fallback.ts';
import {decodedCopy} from './decoded-copy.ts';
import {type Event, missingStatics, type EventClass} from './event.ts';
import {findWay, follow, type Way} from './event-casts.ts';
import {EventRenames, type EventName} from './event-renames.ts';
import {eventIdentity} from './event-type.ts';
import type {EventData, RecordedEvent} from './recorded-event.ts';
import {isTag, MAX_TAG_LENGTH} from './tag.ts';
import {TombstoneEvent} from './tombstone-event.ts';
import {castProblem} from './written-cast.ts';

/** Where an event comes from, for its correlation. */
export interface Cause {
    readonly id: string;
    readonly correlationId: string;
}

/** The event classes of one runtime: turns events into records and back, whatever they were called and however they looked when they were recorded. */
export class EventCatalogue {
    readonly #byIdentity = new Map<string, EventClass>();
    readonly #byClass = new Map<unknown, EventName>();
    readonly #newest = new Map<string, number>();
    readonly #renames: EventRenames;
    readonly #fallback: CastingFallback | undefined;

    /** Whether event classes that aren't known may still turn up. */
    readonly isOpen: boolean;

    /**
     * @param sourceOf Says where a class comes from, for messages
     * @param fallback Asked for what no class and no cast covers
     * @param isOpen Whether classes are taken up with the first event of theirs, as tests have it
     * @throws ConfigError `EVENT_CLASS_INVALID`, `DUPLICATE_EVENT_CLASS`, `EVENT_RENAME_INVALID`
     */
    constructor(classes: readonly EventClass[], sourceOf: (eventClass: EventClass) => string = c => c.name, fallback?: EventCastingFallback, isOpen = false) {
        this.isOpen = isOpen;
        this.#add(classes, sourceOf);
        this.#renames = new EventRenames(classes, sourceOf);
        this.#fallback = fallback && new CastingFallback(fallback);
    }

    #add(classes: readonly EventClass[], sourceOf: (eventClass: EventClass) => string): void {
        for (const eventClass of classes) {
            const problem = missingStatics(eventClass) || castProblem(eventClass);
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
            this.#newest.set(type, Math.max(version, this.newest(type)));
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

    /** The class of a type by today's name. */
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
        if (this.isOpen && !this.#byClass.has(event.constructor))
            this.#add([event.constructor as EventClass], ({name}) => name);
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

    /** The newest version of a type; 0 where there is none. */
    newest(type: string): number {
        return this.#newest.get(type) ?? 0;
    }

    /** What a recorded event is called today, see `static renamedFrom`. */
    nameOf(type: string, version: number): EventName {
        return this.#renames.nameOf(type, version);
    }

    /** The types under which events of a type may stand in the store: its own, and what it was called before. */
    recordedTypes(type: string): readonly string[] {
        return [type, ...this.#renames.typesBefore(type)];
    }

    /** The way from one version of a type to another. */
    way(type: string, from: number, to: number): Way {
        return findWay(this, type, from, to);
    }

    /**
     * The event of a record, without validation. The record belongs to the event from then on. A version that isn't known here is read as the newest that is.
     *
     * @throws NotFoundError `UNKNOWN_EVENT` when no class has the record's type and version, and no cast leads to one that has
     */
    toEvent(record: RecordedEvent): Event {
        const eventClass = this.get(record.type, record.version);
        return eventClass === undefined ? this.#readUnknown(record) : this.eventOf(eventClass, record);
    }

    /** The event of a record that is of this class, by today's name or an older one. */
    eventOf(eventClass: EventClass, record: RecordedEvent): Event {
        return instantiate(eventClass, record, decodeValue(record.payload));
    }

    /** The event of a record in another version; why there is none. @throws WoltageError when a written cast fails */
    castAlong(way: Way, eventClass: EventClass, record: RecordedEvent): Event | CastRefusal {
        const payload = way instanceof CastRefusal ? way : follow(way, decodedCopy(record.payload), record);
        return payload instanceof CastRefusal ? payload : instantiate(eventClass, {...record, type: eventClass.type, version: eventClass.version}, payload);
    }

    /** What `eventCastingFallback` makes of a record. @throws WoltageError `CASTING_FALLBACK_FAILED` */
    castByFallback(eventClass: EventClass, record: RecordedEvent): Event | undefined {
        const payload = this.#fallback?.cast(record, eventClass);
        return payload === undefined ? undefined : instantiate(eventClass, {...record, type: eventClass.type, version: eventClass.version}, payload);
    }

    #readUnknown(record: RecordedEvent): Event {
        const {type, version} = this.nameOf(record.type, record.version);
        const eventClass = this.get(type, version);
        if (eventClass !== undefined)
            return this.eventOf(eventClass, record);
        const newest = this.get(type, this.newest(type));
        const event = newest && (this.castByFallback(newest, record) ?? this.castAlong(this.way(type, version, newest.version), newest, record));
        if (event === undefined || event instanceof CastRefusal)
            throw new NotFoundError(`No event class for '${record.type}@${record.version}' (event ${record.id} at position `
                + `${record.position}). Add the class to \`eventClasses\` again.`, {code: 'UNKNOWN_EVENT'});
        return event;
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

const NO_TAGS: readonly string[] = [];

function tagsOf(event: Event): readonly string[] {
    const {tags} = event.constructor as {readonly tags?: unknown};
    if (tags === undefined)
        return NO_TAGS;
    const list: unknown = typeof tags === 'function' ? (tags as (payload: unknown) => unknown)(event.payload) : tags;
    if (!Array.isArray(list) || !list.every(isTag))
        throw new ConfigError(`Tags of event class ${event.constructor.name} must be strings of 1 to ${MAX_TAG_LENGTH} characters of well-formed Unicode.`, {code: 'INVALID_TAGS'});
    return list;
}
