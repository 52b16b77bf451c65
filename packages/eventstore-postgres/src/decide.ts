import {fromText} from '@woltage/postgres';
import {conditionFailed, ConflictError, isWoltageError, matchesEventQuery, STATE_NEW, streamGone, type AppendResult, type EventData, type EventQuery} from 'woltage';
import type {EncodedAppend, EventColumns} from './encode.ts';
import {parseTextArray} from './records.ts';
import {ERASED, isAsExpected, streamKey, type StreamName, type StreamState} from './streams.ts';

/** An event that is to be written. Its position is its place among all that are. */
export interface NewEvent extends StreamName {
    readonly revision: number;
    readonly columns: EventColumns;
}

export type Outcome = {readonly results: readonly AppendResult[]} | {readonly error: unknown};

/** A result before the positions are known. */
type Undecided = (base: bigint) => AppendResult;

/** Where an event stands, or will stand. */
interface Known {
    readonly stream: string;
    readonly revision: number;
    readonly position: (base: bigint) => bigint;
}

/** What is to be written of a group of tasks, and what becomes of each of them. */
export interface Decision {
    readonly events: readonly NewEvent[];
    /** @param base The position before the first of the events */
    outcomes(base: bigint): readonly Outcome[];
}

/** What a task depends on. */
export interface TaskCondition {
    readonly query: EventQuery;
    /** Whether an event in the table matches. */
    readonly failed: boolean;
}

/** Decides upon tasks (each all or nothing) one after the other, as if each saw what those before it have written. */
export function decide(tasks: readonly (readonly EncodedAppend[])[], state: StreamState, conditions: readonly (TaskCondition | undefined)[] = []): Decision {
    const draft = new Draft(state);
    const outcomes = tasks.map((task, i) => draft.take(task, conditions[i]));
    return {
        events: draft.events,
        outcomes: base => outcomes.map(outcome => 'error' in outcome ? outcome : {results: outcome.results.map(result => result(base))})
    };
}

/** What a group writes, as far as it has been decided. */
class Draft {
    readonly events: NewEvent[] = [];
    readonly #state: StreamState;
    readonly #last = new Map<string, number>();
    readonly #written = new Map<string, Known>();
    readonly #labels: Label[] = [];

    constructor(state: StreamState) {
        this.#state = state;
    }

    take(task: readonly EncodedAppend[], condition?: TaskCondition): {readonly results: readonly Undecided[]} | {readonly error: unknown} {
        const before = task.map(streamKey).map(stream => [stream, this.#last.get(stream)] as const);
        const count = this.events.length;
        try {
            const results = task.map(append => this.#append(append));
            // What wrote nothing repeats an append that has met its condition.
            if (condition !== undefined && this.events.length > count && (condition.failed || this.#matches(condition.query, count)))
                throw conditionFailed();
            return {results};
        } catch (error) {
            if (!isWoltageError(error))
                throw error;
            for (const {columns: [id]} of this.events.splice(count))
                this.#written.delete(id);
            for (const [stream, last] of before)
                this.#restore(stream, last);
            return {error};
        }
    }

    /** Whether one of the first events that the group writes matches. */
    #matches(query: EventQuery, count: number): boolean {
        for (let i = this.#labels.length; i < count; i++)
            this.#labels.push(labelOf(this.events[i] as NewEvent));
        return this.#labels.some(label => matchesEventQuery(query, label));
    }

    #restore(stream: string, last: number | undefined): void {
        if (last === undefined)
            this.#last.delete(stream);
        else
            this.#last.set(stream, last);
    }

    #append(append: EncodedAppend): Undecided {
        const {revision: expected} = append;
        const stream = streamKey(append);
        const last = this.#last.get(stream) ?? this.#state.last.get(stream) ?? -1;
        if (last === ERASED)
            throw streamGone(fromText(append.aggregateName), fromText(append.aggregateId));
        if (isAsExpected(last, expected))
            return this.#repeatedAnywhere(append, stream) ?? this.#write(append, stream, last);
        const start = expected === STATE_NEW ? 0 : typeof expected === 'bigint' ? Number(expected) + 1 : -1;
        const repeated = start < 0 ? undefined : this.#repeated(append, stream, start);
        if (repeated !== undefined)
            return repeated;
        throw new ConflictError(`Aggregate '${fromText(append.aggregateName)}/${fromText(append.aggregateId)}' is at revision ${last}, not at ${String(expected)}.`,
            {code: 'REVISION_CONFLICT', details: {current: String(last), expected: String(expected)}});
    }

    #write({aggregateName, aggregateId, events}: EncodedAppend, stream: string, last: number): Undecided {
        let revision = last;
        for (const columns of events) {
            this.events.push({aggregateName, aggregateId, revision: ++revision, columns});
            const place = BigInt(this.events.length);
            this.#written.set(columns[0], {stream, revision, position: base => base + place});
        }
        this.#last.set(stream, revision);
        const place = BigInt(this.events.length);
        return base => ({revision: BigInt(revision), position: base + place});
    }

    /** The result of an earlier append of these very events to this stream; `undefined` when all of them are new. @throws ConflictError `EVENT_ID_EXISTS` */
    #repeatedAnywhere(append: EncodedAppend, stream: string): Undecided | undefined {
        const {revision, events} = append;
        const seen = new Set<string>();
        for (const [index, [id]] of events.entries()) {
            const known = this.#known(id);
            if (known === undefined && seen.size < seen.add(id).size)
                continue;
            const isHere = index === 0 && known?.stream === stream && typeof revision !== 'bigint';
            const repeated = isHere ? this.#repeated(append, stream, known.revision) : undefined;
            if (repeated !== undefined)
                return repeated;
            throw new ConflictError(`Event id ${fromText(id)} is taken.`, {code: 'EVENT_ID_EXISTS', details: {id: fromText(id)}});
        }
        return undefined;
    }

    /** The result of an earlier append of these very events at this revision; `undefined` when others stand there. */
    #repeated({events}: EncodedAppend, stream: string, start: number): Undecided | undefined {
        const places = events.map(([id]) => this.#known(id));
        const last = places.at(-1);
        if (last === undefined || !places.every((place, i) => place?.stream === stream && place.revision === start + i))
            return undefined;
        return base => ({revision: BigInt(last.revision), position: last.position(base)});
    }

    #known(id: string): Known | undefined {
        const place = this.#state.places.get(id);
        return place === undefined ? this.#written.get(id) : {...place, position: () => place.position};
    }
}

type Label = Pick<EventData, 'type' | 'tags'>;

const labelOf = ({columns: [, type, , , , , , , tags]}: NewEvent): Label => ({type: fromText(type), tags: tags === null ? [] : parseTextArray(tags).map(fromText)});
