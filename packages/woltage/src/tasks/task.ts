import type {Owner} from '../shared/owner.ts';
import type {JsonValue} from '../shared/json-codec.ts';

/** Something that is to be done once, later, by whichever process comes first. */
export interface NewTask {
    /** Unique: a task that is known by this id already is not queued again. */
    readonly id: string;
    /** What kind of task it is: which processes know what to do about it. */
    readonly kind: string;
    readonly payload: JsonValue;
    /** When it may run at the earliest, in ms since the Unix epoch. @default now */
    readonly dueAt?: number;
    /** How long it is remembered when it is done, so that it isn't queued again, in ms. @default as long as all of the queue */
    readonly rememberMs?: number | undefined;
}

export interface TaskError {
    readonly message: string;
    readonly code?: string | undefined;
}

export interface Task extends Required<Omit<NewTask, 'rememberMs'>>, Pick<NewTask, 'rememberMs'> {
    /** How often it has been tried. */
    readonly attempts: number;
    /** In ms since the Unix epoch. */
    readonly queuedAt: number;
    /** When it was due at first, or queued, if that was later, in ms since the Unix epoch: the limit of all attempts together counts from here. */
    readonly since: number;
    /** Its place among tasks that are due at the same time. */
    readonly sequence: number;
    /** True when it may have been run in part, although `attempts` doesn't tell: it was given back, or queued again. */
    readonly hasBegun?: boolean | undefined;
    /** Who has claimed it, while somebody has. */
    readonly claimedBy?: Owner | undefined;
    /** The queue that has left it to those of other processes. */
    readonly leftBy?: string | undefined;
    /** What an attempt failed with, and which: the last one that came to an end. */
    readonly lastError?: TaskError & {readonly attempt?: number | undefined} | undefined;
    /** True when it won't be run again: what follows a final failure is still to be done. */
    readonly hasFailed?: boolean | undefined;
}

/** A task that has failed for good. */
export interface DeadTask extends Task {
    readonly error: TaskError;
    /** When it failed for the last time, in ms since the Unix epoch. */
    readonly failedAt: number;
}

/** How often and how long a task is tried. */
export interface RetryPolicy {
    /** May be Infinity. One more is made where a process died over the last one. */
    readonly maxAttempts: number;
    /**
     * How long it is tried in all, in ms from when it was due: the last attempt is the one after which the next would begin later, and the limit aborts it, unless it is the first, which has all its time. One that begins later, because
     * nobody was there before, is the last one. @default without a limit
     */
    readonly giveUpAfterMs?: number | undefined;
    /** Before the second attempt, in ms; it doubles each time, with jitter. */
    readonly backoffMs: number;
    /** The longest pause, in ms. */
    readonly maxBackoffMs: number;
    /** The longest that one attempt may take, in ms. */
    readonly timeoutMs: number;
}
