import {BadRequestError, StaleRecordError} from '../errors/index.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import type {Clock} from '../shared/clock.ts';
import {uuidV7} from '../shared/uuid.ts';
import {create, dueKey, encodePlace, encodeTask, idKey, SEQUENCE} from './places.ts';
import type {NewTask, Task} from './task.ts';

/** Numbers of one millisecond: those of the next ms are greater. */
const PER_MS = 1000;

/** Gives tasks their places, and writes them down. */
export class Enqueuer {
    readonly #store: IStore;
    readonly #clock: Clock;
    readonly #isOrdered: boolean;
    #last = 0;

    constructor(store: IStore, clock: Clock, isOrdered: boolean) {
        this.#store = store;
        this.#clock = clock;
        this.#isOrdered = isOrdered;
    }

    /** @returns How many were not known before. @throws StaleRecordError when one of `records` isn't as it is expected */
    async enqueue(tasks: readonly NewTask[], records: readonly RecordWrite[]): Promise<number> {
        const distinct = [...new Map(tasks.map(task => [task.id, task])).values()];
        checkTasks(distinct);
        for (;;) {
            const known = distinct.length === 0 ? [] : await this.#store.getRecords(distinct.map(({id}) => idKey(id)));
            const unknown = distinct.filter((_task, i) => known[i] === undefined);
            try {
                await this.#commit(unknown, records);
                return unknown.length;
            } catch (error) {
                if (!(error instanceof StaleRecordError) || await this.#isAnyStale(records))
                    throw error;
            }
        }
    }

    /** The writes that queue a task anew, behind all others, with all its attempts before it; not under its id. */
    async again(task: Task): Promise<{readonly task: Task; readonly records: readonly RecordWrite[]}> {
        const now = this.#clock.now();
        const {first, records} = await this.#places(1);
        const anew = {...task, dueAt: now, since: now, sequence: first, attempts: 0, hasBegun: true, claimedBy: undefined, lastError: undefined, hasFailed: undefined};
        return {task: anew, records: [...records, create(dueKey(anew, this.#isOrdered), encodePlace(anew))]};
    }

    async #commit(tasks: readonly NewTask[], records: readonly RecordWrite[]): Promise<void> {
        const {first, records: placeRecords} = await this.#places(tasks.length);
        const now = this.#clock.now();
        const writes = tasks.flatMap(({id, kind, payload, dueAt = now, rememberMs}, i) => {
            const task: Task = {id, kind, payload, dueAt, attempts: 0, queuedAt: now, since: Math.max(dueAt, now), sequence: first + i, rememberMs};
            return [create(dueKey(task, this.#isOrdered), encodePlace(task)), create(idKey(id), encodeTask(task))];
        });
        const all = [...records, ...placeRecords, ...writes];
        if (all.length > 0)
            await this.#store.commit({records: all});
    }

    /** The next places in the order: by this process's time, or, where order is promised, by what is written in the store. */
    async #places(count: number): Promise<{readonly first: number; readonly records: readonly RecordWrite[]}> {
        if (count === 0)
            return {first: 0, records: []};
        if (this.#isOrdered) {
            const [record] = await this.#store.getRecords([SEQUENCE]);
            const last = Number(record?.value ?? 0);
            return {first: last + 1, records: [{key: SEQUENCE, value: String(last + count), token: uuidV7(), expected: record?.token ?? null}]};
        }
        const first = Math.max(this.#last + 1, Math.floor(this.#clock.now()) * PER_MS);
        this.#last = first + count - 1;
        return {first, records: []};
    }

    async #isAnyStale(records: readonly RecordWrite[]): Promise<boolean> {
        if (records.length === 0)
            return false;
        const found = await this.#store.getRecords(records.map(({key}) => key));
        return records.some(({expected}, i) => expected !== undefined && (found[i]?.token ?? null) !== expected);
    }
}

function checkTasks(tasks: readonly NewTask[]): void {
    for (const {id, dueAt} of tasks) {
        if (dueAt !== undefined && !Number.isFinite(dueAt))
            throw new BadRequestError(`Task '${id}' can't be due at ${dueAt}: it takes milliseconds since the Unix epoch.`, {code: 'INVALID_TASK'});
    }
}
