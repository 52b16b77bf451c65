import {BACKWARDS, END, jsonEvent, NO_STREAM, type KurrentDBClient} from '@kurrent/kurrentdb-client';
import {isWoltageError, type AppendResult, type GoneError} from 'woltage';
import type {Appender} from './appender.ts';
import type {Calls} from './calls.ts';
import type {EncodedAppend} from './encode.ts';
import {idExists} from './event-ids.ts';
import {isConflict, isMissingStream} from './kurrentdb-error.ts';
import {isTombstone} from './metadata.ts';
import type {Settings} from './options.ts';
import type {LocatedEvent} from './records.ts';
import {gone, type StreamReader} from './stream-reader.ts';
import type {StreamTails} from './stream-tails.ts';

interface Parts {
    readonly client: KurrentDBClient;
    readonly calls: Calls;
    readonly reader: StreamReader;
    readonly appender: Appender;
    readonly tails: StreamTails;
    readonly settings: Settings;
}

/**
 * Erases streams: appends the tombstone, marked as one in its metadata, and then has the server truncate the stream before it. The append is what ends the
 * stream: whoever meets the mark refuses to go on. Not by the server's own tombstone: behind that, the next scavenge removes the whole stream, also from
 * $all, and a projection that was down meanwhile would never hear of it.
 */
export class Erasure {
    readonly #parts: Parts;

    constructor(parts: Parts) {
        this.#parts = parts;
        parts.reader.cutShort = (stream, before) => this.#truncate(stream, before);
    }

    /**
     * @param append Of one event. Repeating it completes one that was cut short
     * @throws ConflictError `REVISION_CONFLICT`, `EVENT_ID_EXISTS`
     * @throws GoneError when the stream was erased with another tombstone
     */
    async erase(append: EncodedAppend): Promise<AppendResult> {
        const {stream, events: [tombstone]} = append;
        const id = tombstone?.id ?? '';
        const end = await this.#end(stream) ?? await this.#append(append);
        if (end.event.id !== id)
            throw gone(stream, append);
        if (!isTombstone(end.event.metadata))
            throw idExists(id);
        this.#parts.tails.forget(stream);
        await this.#truncate(stream, end.event.revision);
        return {revision: end.event.revision, position: end.position};
    }

    /** The tombstone at the end of an erased stream; `undefined` when it wasn't erased. @throws GoneError where the server itself has ended it */
    async #end(stream: string): Promise<LocatedEvent | undefined> {
        const [last] = await this.#parts.reader.remains(stream, 'backwards', undefined, 1);
        return last !== undefined && isTombstone(last.event.metadata) ? last : undefined;
    }

    /** @returns The event as it stands there */
    async #append(append: EncodedAppend): Promise<LocatedEvent> {
        const {stream, events} = append;
        try {
            const {revision} = await this.#parts.appender.append({...append, events: events.map(event => ({...event, isTombstone: true}))});
            const [written] = await this.#parts.reader.remains(stream, 'forwards', revision, 1);
            if (written !== undefined)
                return written;
        } catch (error) {
            // It may be this very tombstone that it met.
            if (!isGone(error))
                throw error;
        }
        const end = await this.#end(stream);
        if (end === undefined)
            throw gone(stream, append);
        return end;
    }

    /** Keeps what else the stream's metadata says, but for ages and counts: a tombstone stays. */
    async #truncate(stream: string, before: bigint): Promise<void> {
        const {client, calls, settings: {credentials}} = this.#parts;
        for (; ;) {
            const {metadata, revision} = await this.#metadata(stream);
            const {$maxAge: _maxAge, $maxCount: _maxCount, ...kept} = metadata;
            if (typeof kept['$tb'] === 'number' && BigInt(kept['$tb']) >= before)
                return;
            const event = jsonEvent({type: '$metadata', data: {...kept, $tb: Number(before)}});
            try {
                await calls.make(leftMs => client.appendToStream(`$$${stream}`, event, {streamState: revision ?? NO_STREAM, deadline: leftMs, ...credentials && {credentials}}));
                return;
            } catch (error) {
                // Somebody else has changed it meanwhile.
                if (!isConflict(error))
                    throw error;
            }
        }
    }

    async #metadata(stream: string): Promise<{readonly metadata: Readonly<Record<string, unknown>>; readonly revision: bigint | undefined}> {
        const {client, calls, settings: {credentials}} = this.#parts;
        try {
            return await calls.make(async () => {
                let found: {readonly metadata: Readonly<Record<string, unknown>>; readonly revision: bigint | undefined} = {metadata: {}, revision: undefined};
                for await (const {event} of client.readStream(`$$${stream}`, {direction: BACKWARDS, fromRevision: END, maxCount: 1, ...credentials && {credentials}})) {
                    if (event !== undefined)
                        found = {metadata: event.isJson ? event.data as Record<string, unknown> : {}, revision: event.revision};
                }
                return found;
            });
        } catch (error) {
            if (isMissingStream(error))
                return {metadata: {}, revision: undefined};
            throw error;
        }
    }
}

const isGone = (error: unknown): error is GoneError => isWoltageError(error) && error.code === 'GONE';
