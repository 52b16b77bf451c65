import {ConfigError, GoneError, WoltageError} from '../../errors/index.ts';
import {PersonalFields, type EventClass, type EventData, type RecordedEvent} from '../../events/index.ts';
import {cloneData} from '../../shared/data.ts';
import {Erased} from '../../shared/erased.ts';
import {decodeValue, PERSONAL, type JsonValue} from '../../shared/json-codec.ts';
import {openEnvelope, parseEnvelope, referenceTo, seal, subjectOf, type Place} from './envelope.ts';
import {eachSealed, openFields, sealFields} from './fields.ts';
import type {SubjectKey} from './key-cache.ts';
import type {KeyRing} from './key-ring.ts';

interface PersonalClass {
    readonly fields: PersonalFields;
    /** From the payload; left out: the aggregate's id. */
    readonly subject: ((payload: unknown) => unknown) | undefined;
}

const identityOf = ({type, version}: Pick<EventData, 'type' | 'version'>): string => `${type}@${version}`;

/** An event with what is needed to seal it. */
interface Draft {
    readonly event: EventData;
    readonly fields: PersonalFields | undefined;
    readonly subject: string;
}

/** Seals the personal fields of events, and opens them again. */
export class PersonalEvents {
    readonly #classes = new Map<string, PersonalClass>();
    readonly #keys: KeyRing;

    /** @throws ConfigError `EVENT_CLASS_INVALID` for a `static subject` that is no function */
    constructor(classes: readonly EventClass[], keys: KeyRing) {
        this.#keys = keys;
        for (const eventClass of classes) {
            const fields = new PersonalFields(eventClass.schema);
            const {subject} = eventClass as {readonly subject?: unknown};
            if (subject !== undefined && typeof subject !== 'function')
                throw new ConfigError(`Event class ${eventClass.name}: its \`static subject\` must be a function from the payload to a string.`, {code: 'EVENT_CLASS_INVALID'});
            if (fields.isSensitive)
                this.#classes.set(identityOf(eventClass), {fields, subject: subject?.bind(eventClass) as PersonalClass['subject']});
        }
    }

    /** Whether any class has personal fields. */
    get areThere(): boolean {
        return this.#classes.size > 0;
    }

    /** Whether there is something to seal. */
    hasPersonal(events: readonly EventData[]): boolean {
        return events.some(event => this.#classes.has(identityOf(event)));
    }

    /**
     * The events as they are recorded. Nothing of them belongs to the caller any more when the call has returned, unless there is nothing to seal: then the result is the
     * very same list.
     *
     * @throws GoneError `SUBJECT_FORGOTTEN`
     * @throws WoltageError `INVALID_SUBJECT`
     */
    seal(aggregateId: string, events: readonly EventData[]): readonly EventData[] | Promise<readonly EventData[]> {
        if (!this.hasPersonal(events))
            return events;
        return this.#seal(events.map(event => this.#draft(aggregateId, event)));
    }

    async #seal(drafts: readonly Draft[]): Promise<readonly EventData[]> {
        const sensitive = drafts.filter(({fields}) => fields !== undefined);
        const keys = await this.#keys.findOrCreate(new Set(sensitive.map(({subject}) => subject)));
        const {integrityKey} = this.#keys;
        return drafts.map(({event, fields, subject}) => {
            if (fields === undefined)
                return event;
            const sealField = (value: JsonValue, path: Place['path']): string =>
                seal(value, {eventId: event.id, type: event.type, path}, subject, usable(keys.get(subject), event), integrityKey);
            return {...event, payload: sealFields(event.payload, fields, sealField)};
        });
    }

    #draft(aggregateId: string, given: EventData): Draft {
        const event = cloneData(given);
        const known = this.#classes.get(identityOf(event));
        if (known === undefined)
            return {event, fields: undefined, subject: ''};
        if (known.subject === undefined)
            return {event, fields: known.fields, subject: referenceTo(aggregateId)};
        const subject = known.subject(decodeValue(cloneData(event.payload)));
        if (typeof subject !== 'string' || subject === '')
            throw new WoltageError(`The \`static subject\` of event '${identityOf(event)}' must give a string that isn't empty.`, 500, {code: 'INVALID_SUBJECT'});
        return {event, fields: known.fields, subject: referenceTo(subject)};
    }

    /**
     * The events as they were. Those that have nothing sealed are the very same.
     *
     * @param later Whether an event that can't be opened throws when its payload is decoded, so that those around it can be read
     * @throws WoltageError `PERSONAL_DATA_TAMPERED`, `PERSONAL_KEY_MISSING`
     * @throws UnavailableError when the key store can't be reached
     */
    async open(records: readonly RecordedEvent[], later: boolean): Promise<readonly RecordedEvent[]> {
        const subjects = new Set<string>();
        const isSealed = records.map(({payload}) => addSubjects(payload, subjects));
        if (!isSealed.includes(true))
            return records;
        const keys = await this.#keys.find(subjects);
        return records.map((record, i) => isSealed[i] === true ? this.#open(record, keys, later) : record);
    }

    #open(record: RecordedEvent, keys: ReadonlyMap<string, SubjectKey>, later: boolean): RecordedEvent {
        try {
            const {id: eventId, type} = record;
            return {...record, payload: openFields(record.payload, (text, path) => openField(text, {eventId, type, path}, keys, this.#keys.integrityKey, record))};
        } catch (error) {
            if (!later || !(error instanceof WoltageError))
                throw error;
            return {...record, payload: poisoned(error)};
        }
    }
}

/** Adds the subjects whose keys are needed. @returns Whether there is anything sealed */
function addSubjects(payload: JsonValue, subjects: Set<string>): boolean {
    let isSealed = false;
    eachSealed(payload, text => {
        isSealed = true;
        const subject = typeof text === 'string' ? subjectOf(text) : undefined;
        if (subject !== undefined)
            subjects.add(subject);
    });
    return isSealed;
}

function usable(key: SubjectKey | undefined, event: EventData): Uint8Array {
    if (key === undefined || key === 'forgotten')
        throw new GoneError(`The one whom event '${identityOf(event)}' is about was forgotten: nothing personal can be recorded any more. Use another subject for somebody who begins anew.`,
            {code: 'SUBJECT_FORGOTTEN', details: {eventId: event.id}});
    return key;
}

function openField(text: unknown, place: Place, keys: ReadonlyMap<string, SubjectKey>, integrityKey: Uint8Array, {position}: RecordedEvent): JsonValue {
    const fail = (why: string, options: {readonly code: string}): WoltageError => {
        const details = {eventId: place.eventId, position: String(position), field: place.path.join('.')};
        return new WoltageError(`The field '${details.field}' of event ${place.eventId} at position ${position} ${why}`, 500, {...options, details});
    };
    const envelope = typeof text === 'string' ? parseEnvelope(text) : undefined;
    const opened = envelope && openEnvelope(envelope, place, integrityKey, subject => {
        const key = keys.get(subject);
        if (key === undefined)
            throw fail('is encrypted with a key that the key store doesn\'t have. Is it the key store that the event was recorded with?', {code: 'PERSONAL_KEY_MISSING'});
        return key === 'forgotten' ? undefined : key;
    });
    if (opened === undefined)
        throw fail('is not as it was recorded: its ciphertext was changed or moved, or belongs to another key store.', {code: 'PERSONAL_DATA_TAMPERED'});
    return opened.value === undefined ? Erased as unknown as JsonValue : opened.value;
}

/** What throws when it is decoded, or written anywhere. */
function poisoned(error: WoltageError): JsonValue {
    const payload = {[PERSONAL]: error};
    Object.defineProperty(payload, 'toJSON', {value: () => {
        throw error;
    }});
    return payload as unknown as JsonValue;
}
