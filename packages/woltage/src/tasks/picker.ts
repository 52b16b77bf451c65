import type {Found} from './places.ts';
import type {Task} from './task.ts';

/** Says what a worker should claim next. */
export interface Picker {
    /** Up to that many tasks, and how long to wait where there is none, in ms. */
    pick(free: number): Promise<{readonly due: readonly Found<Task>[]; readonly nextMs: number}>;
    /** What is certain to be next when a task is over, if anything is. */
    next(): Found<Task> | undefined;
    /** To be told whether what was picked could be claimed. */
    onClaim(isClaimed: boolean): void;
    /** To be told when an attempt has ended, and whether the task is over with it. */
    onEnd(isOver: boolean): void;
}
