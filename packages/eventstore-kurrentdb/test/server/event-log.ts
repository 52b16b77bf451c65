import {EventEmitter} from 'node:events';

/** What an append or a deletion expects of its stream. */
export type Expectation = bigint | 'any' | 'no_stream' | 'stream_exists';

export interface ProposedEvent {
    readonly id: string;
    readonly type: string;
    readonly contentType: string;
    readonly data: Uint8Array;
    readonly metadata: Uint8Array;
}

export interface LoggedEvent extends ProposedEvent {
    readonly stream: string;
    readonly revision: bigint;
    /** Where it stands in the log, in bytes. */
    readonly position: bigint;
    /** In .NET ticks since the Unix epoch. */
    readonly created: bigint;
}

export interface StreamWrite {
    readonly stream: string;
    readonly expected: Expectation;
    readonly events: readonly ProposedEvent[];
}

export type Outcome =
    | {readonly kind: 'written'; readonly revision: bigint; readonly position: bigint}
    | {readonly kind: 'wrong'; readonly stream: string; readonly expected: Expectation; readonly current: bigint | null}
    | {readonly kind: 'deleted'; readonly stream: string};

interface StreamState {
    readonly events: LoggedEvent[];
    /** Events below are hidden: the stream was deleted, softly. */
    truncateBefore: bigint;
    isTombstoned: boolean;
}

const TICKS_PER_MS = 10_000n;
/** What a record takes in the log beside its data, in bytes. */
const RECORD_BYTES = 128n;

/** The transaction log of the server: all that outlives its process. It decides about appends the way KurrentDB 26.1 does. */
export class EventLog extends EventEmitter<{appended: []}> {
    readonly all: LoggedEvent[] = [];
    readonly #streams = new Map<string, StreamState>();
    /** Ids that the server remembers for appends without an exact expectation; a restart loses them. */
    readonly #recentIds = new Map<string, LoggedEvent>();
    #end = 0n;

    constructor() {
        super();
        this.setMaxListeners(0);
    }

    /** The revision of a stream's last event, also of one that is hidden; null for a stream that never was. */
    current(name: string): bigint | null {
        return this.#streams.get(name)?.events.at(-1)?.revision ?? null;
    }

    isTombstoned(name: string): boolean {
        return this.#streams.get(name)?.isTombstoned === true;
    }

    /** What can be read of a stream; `undefined` where it is not found. */
    visible(name: string): readonly LoggedEvent[] | undefined {
        const state = this.#streams.get(name);
        const events = state?.events.filter(({revision}) => revision >= state.truncateBefore);
        return events === undefined || events.length === 0 ? undefined : events;
    }

    /** Appends to all streams or to none. */
    append(writes: readonly StreamWrite[]): Outcome | readonly (Outcome & {readonly kind: 'written'})[] {
        const earlier = writes.map(write => this.#decide(write));
        const refused = earlier.find(outcome => outcome !== undefined && outcome.kind !== 'written');
        if (refused !== undefined)
            return refused;
        const repeated = earlier.filter(outcome => outcome?.kind === 'written');
        if (repeated.length === writes.length)
            return repeated;
        const part = writes.find((_, i) => earlier[i] !== undefined);
        if (part !== undefined)
            return {kind: 'wrong', stream: part.stream, expected: part.expected, current: this.current(part.stream)};
        const written = writes.map(write => this.#write(write));
        this.emit('appended');
        return written;
    }

    /** Hides a stream's events, or ends it for good. */
    delete(stream: string, expected: Expectation, isHard: boolean): Outcome {
        const refused = this.#check(stream, expected);
        if (refused !== undefined)
            return refused;
        const state = this.#state(stream);
        const event = isHard ? {type: '$streamDeleted', stream} : {type: '$metadata', stream: `$$${stream}`};
        const {position} = this.#write({stream: event.stream, expected: 'any', events: [{
            id: crypto.randomUUID(), type: event.type, contentType: 'application/json', data: Buffer.from('{"$tb":9223372036854775807}'), metadata: Buffer.alloc(0)
        }]});
        state.isTombstoned ||= isHard;
        state.truncateBefore = (state.events.at(-1)?.revision ?? -1n) + 1n;
        this.emit('appended');
        return {kind: 'written', revision: -1n, position};
    }

    /** Begins anew, without anything. */
    clear(): void {
        this.all.length = 0;
        this.#streams.clear();
        this.#recentIds.clear();
        this.#end = 0n;
    }

    /** What a restart of the server loses. */
    forget(): void {
        this.#recentIds.clear();
    }

    /** What becomes of an append without anything being written; `undefined` when it is to be written. */
    #decide(write: StreamWrite): Outcome | undefined {
        const {stream, expected} = write;
        if (this.isTombstoned(stream))
            return {kind: 'deleted', stream};
        if (expected === 'any' || expected === 'stream_exists')
            return this.#check(stream, expected) ?? this.#recentlyWritten(write);
        return this.#standing(write) ?? this.#check(stream, expected);
    }

    /** Whether an append with an exact expectation stands there already, or in part; `undefined` when it doesn't. */
    #standing({stream, expected, events}: StreamWrite): Outcome | undefined {
        const start = typeof expected === 'bigint' ? Number(expected + 1n) : 0;
        const stands = this.#streams.get(stream)?.events.slice(start, start + events.length) ?? [];
        const last = stands.at(-1);
        if (last === undefined || stands[0]?.id !== events[0]?.id)
            return undefined;
        return events.every(({id}, i) => stands[i]?.id === id)
            ? {kind: 'written', revision: last.revision, position: last.position}
            : {kind: 'wrong', stream, expected, current: this.current(stream)};
    }

    #recentlyWritten({stream, expected, events}: StreamWrite): Outcome | undefined {
        const known = events.map(({id}) => this.#recentIds.get(id)).map(event => event?.stream === stream ? event : undefined);
        const last = known.at(-1);
        if (known[0] === undefined)
            return undefined;
        return last === undefined || known.includes(undefined)
            ? {kind: 'wrong', stream, expected, current: this.current(stream)}
            : {kind: 'written', revision: last.revision, position: last.position};
    }

    #check(stream: string, expected: Expectation): Outcome | undefined {
        const current = this.current(stream);
        const isHidden = this.visible(stream) === undefined;
        if (this.isTombstoned(stream) || expected === 'stream_exists' && isHidden && current !== null)
            return {kind: 'deleted', stream};
        const isMet = expected === 'any' || (expected === 'no_stream' ? isHidden : expected === 'stream_exists' ? current !== null : current === expected);
        return isMet ? undefined : {kind: 'wrong', stream, expected, current};
    }

    #write({stream, events}: StreamWrite): Outcome & {readonly kind: 'written'} {
        const state = this.#state(stream);
        for (const event of events) {
            const logged: LoggedEvent = {
                ...event, stream, revision: BigInt(state.events.length), position: this.#end, created: BigInt(Date.now()) * TICKS_PER_MS
            };
            this.#end += RECORD_BYTES + BigInt(event.data.length + event.metadata.length);
            state.events.push(logged);
            this.#obeyMetadata(logged);
            this.all.push(logged);
            this.#recentIds.set(event.id, logged);
        }
        return {kind: 'written', revision: BigInt(state.events.length - 1), position: this.all.at(-1)?.position ?? 0n};
    }

    #obeyMetadata({stream, type, data}: LoggedEvent): void {
        if (type !== '$metadata' || !stream.startsWith('$$'))
            return;
        const {$tb: before = 0} = JSON.parse(Buffer.from(data).toString('utf8')) as {readonly $tb?: number};
        if (before < Number.MAX_SAFE_INTEGER)
            this.#state(stream.slice(2)).truncateBefore = BigInt(before);
    }

    #state(name: string): StreamState {
        let state = this.#streams.get(name);
        if (state === undefined)
            this.#streams.set(name, state = {events: [], truncateBefore: 0n, isTombstoned: false});
        return state;
    }
}
