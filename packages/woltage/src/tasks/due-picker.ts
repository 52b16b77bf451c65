import type {IStore} from '../ports/index.ts';
import type {Clock} from '../shared/clock.ts';
import {findDue, loadTasks} from './find-due.ts';
import type {Picker} from './picker.ts';
import type {Found, Place} from './places.ts';
import type {Task} from './task.ts';

/** Tasks that are claimed in one commit, at most: large enough to be cheap, small enough to leave something to others. */
const MAX_CLAIMS = 200;
const MAX_CONFLICTS = 4;

/** The tasks that are due first. After a conflict it looks further behind, at a random place, so that processes don't all reach for the same; and comes back when that goes well. */
export class DuePicker implements Picker {
    readonly #store: IStore;
    readonly #clock: Clock;
    readonly #isFree: (found: Found<Place>) => boolean;
    #conflicts = 0;

    constructor(store: IStore, clock: Clock, isFree: (found: Found<Place>) => boolean) {
        this.#store = store;
        this.#clock = clock;
        this.#isFree = isFree;
    }

    async pick(free: number): Promise<{readonly due: readonly Found<Task>[]; readonly nextMs: number}> {
        const size = Math.min(free, MAX_CLAIMS);
        const {due, nextMs} = await findDue(this.#store, {now: this.#clock.now(), count: size * 2 ** this.#conflicts, isFree: this.#isFree});
        const parts = Math.ceil(due.length / size);
        const from = this.#conflicts === 0 ? 0 : Math.floor(Math.random() * parts) * size;
        return {due: await loadTasks(this.#store, due.slice(from, from + size)), nextMs};
    }

    next(): undefined {
        // Others may have been faster with any.
        return undefined;
    }

    onClaim(isClaimed: boolean): void {
        this.#conflicts = isClaimed ? Math.max(0, this.#conflicts - 1) : Math.min(MAX_CONFLICTS, this.#conflicts + 1);
    }

    onEnd(): void {
        // What has ended has left its place before.
    }
}
