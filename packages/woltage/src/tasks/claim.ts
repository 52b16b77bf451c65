import {StaleRecordError} from '../errors/index.ts';
import type {IStore, RecordWrite} from '../ports/index.ts';
import {Mutex} from '../shared/mutex.ts';
import type {Owner} from '../shared/owner.ts';
import {uuidV7} from '../shared/uuid.ts';
import {deadKey, doneKey, dueKey, encodeTask, idKey, type DeadTask, type Task} from './task.ts';

/** A task that is due, as it was found. */
export interface DueTask {
    readonly key: string;
    readonly token: string;
    readonly task: Task;
}

/**
 * A task that this process works on. To claim a task is to put it off by the time of a lease: should the process die, it is due again. Its
 * token fences it: whoever has slept past the lease can neither complete nor put off what another process has claimed since.
 */
export class Claim {
    readonly task: Task;
    readonly #store: IStore;
    readonly #changes = new Mutex();
    #key: string;
    #token: string;

    private constructor(store: IStore, task: Task, key: string, token: string) {
        this.#store = store;
        this.task = task;
        this.#key = key;
        this.#token = token;
    }

    /** Claims tasks together. @throws StaleRecordError when somebody else has claimed one of them; none is claimed then */
    static async take(store: IStore, found: readonly DueTask[], until: number, by: Owner): Promise<Claim[]> {
        const claims = found.map(({key, token, task}) => {
            const claim = new Claim(store, {...task, attempts: task.attempts + 1, claimedBy: by}, key, token);
            return {claim, writes: claim.#move(claim.task, until)};
        });
        await store.commit({records: claims.flatMap(({writes}) => writes.records)});
        return claims.map(({claim, writes}) => {
            writes.done();
            return claim;
        });
    }

    /** Keeps the claim until then. @throws StaleRecordError when it is lost */
    renew(until: number): Promise<void> {
        return this.#putOff(this.task, until);
    }

    /** Has it tried again, then. @throws StaleRecordError when the claim is lost */
    retry(dueAt: number): Promise<void> {
        return this.#putOff({...this.task, dueAt, claimedBy: undefined}, dueAt);
    }

    /** Gives it back as if it had not been tried. @throws StaleRecordError when the claim is lost */
    giveBack(now: number): Promise<void> {
        return this.#putOff({...this.task, attempts: this.task.attempts - 1, claimedBy: undefined}, now);
    }

    /** It is done; that is remembered until then. @throws StaleRecordError when the claim is lost */
    complete(rememberUntil: number): Promise<void> {
        const {id} = this.task;
        return this.#end([{key: idKey(id), value: 'done', token: uuidV7()}, {key: doneKey(rememberUntil, id), value: id, token: uuidV7()}]);
    }

    /** It has failed for good. @throws StaleRecordError when the claim is lost */
    bury(dead: DeadTask): Promise<void> {
        return this.#end([{key: idKey(dead.id), value: 'dead', token: uuidV7()}, {key: deadKey(dead.id), value: encodeTask(dead), token: uuidV7()}]);
    }

    #end(records: readonly RecordWrite[]): Promise<void> {
        return this.#changes.run(() => this.#store.commit({records: [{key: this.#key, value: null, token: uuidV7(), expected: this.#token}, ...records]}));
    }

    #putOff(task: Task, until: number): Promise<void> {
        return this.#changes.run(async () => {
            const {records, done} = this.#move(task, until);
            await this.#store.commit({records});
            done();
        });
    }

    /** The writes that put a task off, and what to do when they are done. */
    #move(task: Task, until: number): {readonly records: readonly RecordWrite[]; readonly done: () => void} {
        const key = dueKey(until, task.id);
        const token = uuidV7();
        const value = encodeTask(task);
        const moved = key === this.#key
            ? [{key, value, token, expected: this.#token}]
            : [{key: this.#key, value: null, token: uuidV7(), expected: this.#token}, {key, value, token, expected: null}];
        return {
            records: [...moved, {key: idKey(task.id), value: key, token: uuidV7()}],
            done: () => {
                this.#key = key;
                this.#token = token;
            }
        };
    }
}

/** Claims what can be claimed: together, or one by one where another process was faster with some. */
export async function claimSome(store: IStore, found: readonly DueTask[], until: number, by: Owner): Promise<Claim[]> {
    try {
        return found.length === 0 ? [] : await Claim.take(store, found, until, by);
    } catch (error) {
        if (!(error instanceof StaleRecordError))
            throw error;
        if (found.length === 1)
            return [];
        const claims: Claim[] = [];
        for (const one of found)
            claims.push(...await claimSome(store, [one], until, by));
        return claims;
    }
}
