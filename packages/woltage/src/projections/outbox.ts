import type {DurableEffect} from '../context/index.ts';
import type {Cause} from '../events/index.ts';
import type {IStore} from '../ports/index.ts';
import {decodeJson, encodeJson} from '../shared/json-codec.ts';
import type {StagedRecords} from './staged-records.ts';

/** A durable side effect that is to run, as it is committed with the rows. */
export interface Intent extends DurableEffect {
    /** Made of the event's id, the projection's name and the effect's ordinal: the same whenever the event is handled. */
    readonly id: string;
    readonly projection: string;
    readonly cause: Cause;
}

/** Takes intents over, for good: when it resolves, they are safe. Knows those that it has taken before. */
export type IntentSink = (intents: readonly Intent[]) => Promise<void>;

const OUTBOX = 'outbox/';

/**
 * Durable side effects on their way from a projection's commit to the task queue. They are committed with the rows, then handed on, and
 * removed with the next commit: after a crash in between they are handed on once more.
 */
export class Outbox {
    readonly #prefix: string;
    readonly #staged: StagedRecords;
    readonly #sink: IntentSink;
    /** Staged, not committed yet. */
    #waiting: Intent[] = [];
    #undo = 0;

    constructor(slice: number, staged: StagedRecords, sink: IntentSink) {
        this.#prefix = `${OUTBOX}${slice}/`;
        this.#staged = staged;
        this.#sink = sink;
    }

    beginEvent(): void {
        this.#undo = this.#waiting.length;
    }

    rollback(): void {
        this.#waiting.length = this.#undo;
    }

    /** @throws BadRequestError `NOT_ENCODABLE` when the payload can't be stored */
    stage(intent: Intent): void {
        this.#staged.set(this.#prefix + intent.id, encodeJson(intent));
        this.#waiting.push(intent);
    }

    /** To be called after a commit: hands on what was committed with it. */
    async handOn(): Promise<void> {
        if (this.#waiting.length === 0)
            return;
        const intents = this.#waiting;
        this.#waiting = [];
        this.#undo = 0;
        await this.#sink(intents);
        for (const {id} of intents)
            this.#staged.set(this.#prefix + id, null);
    }

    /** Hands on what a process before this one has left. */
    async recover(store: IStore): Promise<void> {
        this.#waiting = [];
        const left = await handOnAll(store, this.#sink, this.#prefix);
        for (const key of left)
            this.#staged.set(key, null);
    }
}

/** Hands on all that a projection has left in its outboxes. @returns The keys, which are still there */
export async function handOnAll(store: IStore, sink: IntentSink, prefix = OUTBOX): Promise<readonly string[]> {
    const left = await store.listRecords(prefix);
    if (left.length > 0)
        await sink(left.map(({value}) => decodeJson(value) as Intent));
    return left.map(({key}) => key);
}
