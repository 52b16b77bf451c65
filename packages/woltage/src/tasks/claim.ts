import {StaleRecordError} from '../errors/index.ts';
import {committed} from '../ports/committed.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {GroupCommit} from './group-commit.ts';
import {claimedKey, deadKey, encodePlace, encodeTask, idKey, markDone, markDue, put, remove, type Found} from './places.ts';
import type {Claimant} from './sightings.ts';
import type {DeadTask, Task} from './task.ts';

/** What claims are made in. */
export interface ClaimScope {
    readonly store: IStore;
    readonly group: GroupCommit;
    readonly isOrdered: boolean;
    readonly claimant: Claimant;
}

/**
 * A task that this process works on. Its token fences it: whoever was taken for dead can neither complete nor put off what another process has claimed since.
 * In an ordered queue a claimed task keeps its place, so that it stays the first.
 */
export class Claim {
    readonly task: Task;
    readonly #scope: ClaimScope;
    /** The key that the task was found under. */
    readonly #key: string;
    #token = uuidV7();
    /** The token of a write that may have been done, or not. */
    #inDoubt: string | undefined;

    constructor(scope: ClaimScope, {key, task}: Found<Task>) {
        this.#scope = scope;
        this.task = {...task, attempts: task.attempts + 1, claimedBy: scope.claimant};
        this.#key = scope.isOrdered ? key : claimedKey(task.id);
    }

    /** The writes that make it. */
    recordsFor({key, token}: Found<Task>): RecordWrite[] {
        const claim = {key: this.#key, value: encodePlace(this.task), token: this.#token};
        return key === this.#key ? [{...claim, expected: token}] : [remove(key, token), {...claim, expected: null}];
    }

    /** Says that this process is still at it. @throws StaleRecordError when the claim is lost */
    renew(): Promise<void> {
        return this.#stay(this.task, []);
    }

    /** Has it tried again, when `task` is due. @throws StaleRecordError when the claim is lost */
    retry(task: Task): Promise<void> {
        return this.#leave({...task, leftBy: undefined, claimedBy: undefined});
    }

    /** Leaves it to other processes for a while, as if it had not been tried. @throws StaleRecordError when the claim is lost */
    leaveToOthers(): Promise<void> {
        return this.#leave({...this.task, attempts: this.task.attempts - 1, leftBy: this.#scope.claimant.queue, claimedBy: undefined});
    }

    /** Whether it had left it to others before. */
    get wasLeft(): boolean {
        return this.task.leftBy === this.#scope.claimant.queue;
    }

    /** Gives it back as if it had not been tried. @throws StaleRecordError when the claim is lost */
    giveBack(): Promise<void> {
        return this.#leave({...this.task, attempts: this.task.attempts - 1, hasBegun: true, claimedBy: undefined});
    }

    /** It is done; that is remembered until then. @throws StaleRecordError when the claim is lost */
    complete(rememberUntil: number, records: readonly RecordWrite[]): Promise<void> {
        return this.#write(undefined, expected => [remove(this.#key, expected), ...markDone(this.task.id, rememberUntil), ...records]);
    }

    /** It has failed for good. @throws StaleRecordError when the claim is lost */
    bury(dead: DeadTask): Promise<void> {
        return this.#write(undefined, expected => [remove(this.#key, expected), put(deadKey(dead.id), ''), put(idKey(dead.id), encodeTask(dead))]);
    }

    #leave(task: Task): Promise<void> {
        return this.#scope.isOrdered
            ? this.#stay(task, [put(idKey(task.id), encodeTask(task))])
            : this.#write(undefined, expected => [remove(this.#key, expected), ...markDue(task, false)]);
    }

    #stay(task: Task, records: readonly RecordWrite[]): Promise<void> {
        const token = uuidV7();
        return this.#write(token, expected => [{key: this.#key, value: encodePlace(task), token, expected}, ...records]);
    }

    async #write(token: string | undefined, records: (expected: string) => readonly RecordWrite[]): Promise<void> {
        try {
            await this.#scope.group.write(records(this.#token));
            this.#token = token ?? this.#token;
            this.#inDoubt = undefined;
        } catch (error) {
            if (!(error instanceof StaleRecordError)) {
                this.#inDoubt = token ?? this.#inDoubt;
                throw error;
            }
            if (this.#inDoubt === undefined || this.#inDoubt !== (await this.#scope.store.getRecords([this.#key]))[0]?.token)
                throw error;
            this.#token = this.#inDoubt;
            this.#inDoubt = undefined;
            await this.#write(token, records);
        }
    }
}

/** Claims tasks together. @returns `undefined` when somebody else was faster with one of them: none is claimed then */
export async function claimAll(scope: ClaimScope, found: readonly Found<Task>[]): Promise<readonly Claim[] | undefined> {
    const claims = found.map(one => new Claim(scope, one));
    const isDone = claims.length === 0 || await committed(scope.store.commit({records: claims.flatMap((claim, i) => claim.recordsFor(found[i] as Found<Task>))}));
    return isDone ? claims : undefined;
}
