import {decodedCopy} from './decoded-copy.ts';
import type {EventClass} from './event.ts';
import type {EventName} from './event-renames.ts';
import type {RecordedEvent} from './recorded-event.ts';
import {checkCast, failure, isPromise} from './written-cast.ts';

/** A recorded event with bigint and Date in payload and meta data as they are. */
export type CastableEvent = Omit<RecordedEvent, 'payload' | 'meta'> & {readonly payload: unknown; readonly meta: unknown};

/**
 * Makes the payload of the wanted version from an event of a version that this process doesn't know, or knows no way from; `undefined`: it can't. Not async: events are
 * read in order, one after the other.
 */
export type EventCastingFallback = (record: CastableEvent, wanted: EventName) => unknown;

/** `eventCastingFallback` of the config, watched. */
export class CastingFallback {
    readonly #ask: EventCastingFallback;
    readonly #checks = new Map<EventClass, ReturnType<typeof checkCast>>();

    constructor(ask: EventCastingFallback) {
        this.#ask = ask;
    }

    /** @throws WoltageError `CASTING_FALLBACK_FAILED` with event, position and step when it throws, or what it returns doesn't fit the class */
    cast(record: RecordedEvent, wanted: EventClass): unknown {
        const what = '`eventCastingFallback`';
        const fail = failure(what, 'CASTING_FALLBACK_FAILED', record, record.version, wanted.version);
        const copy = {...record, payload: decodedCopy(record.payload), meta: decodedCopy(record.meta)};
        let payload: unknown;
        try {
            payload = this.#ask(copy, {type: wanted.type, version: wanted.version});
        } catch (error) {
            throw fail(error instanceof Error ? error.message : String(error), error);
        }
        if (payload === undefined)
            return undefined;
        if (isPromise(payload))
            throw fail('it returned a promise; it must not be async');
        let check = this.#checks.get(wanted);
        if (check === undefined)
            this.#checks.set(wanted, check = checkCast(wanted, what, 'CASTING_FALLBACK_FAILED'));
        return check(payload, record, record.version);
    }
}
