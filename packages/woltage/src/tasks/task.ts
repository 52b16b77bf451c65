import type {Owner} from '../shared/owner.ts';
import {decodeJson, encodeJson, type JsonValue} from '../shared/json-codec.ts';

/** Something that is to be done once, later, by whichever process comes first. */
export interface NewTask {
    /** Unique: a task that is known by this id already is not queued again. */
    readonly id: string;
    /** What kind of task it is: which processes know what to do about it. */
    readonly kind: string;
    readonly payload: JsonValue;
    /** When it may run at the earliest, in ms since the Unix epoch. @default now */
    readonly dueAt?: number;
}

export interface Task extends Required<NewTask> {
    /** How often it has been tried. */
    readonly attempts: number;
    /** In ms since the Unix epoch. */
    readonly queuedAt: number;
    /** Who has claimed it, while somebody has. */
    readonly claimedBy?: Owner | undefined;
}

/** A task that has failed for good. */
export interface DeadTask extends Task {
    readonly error: {readonly message: string; readonly code?: string | undefined};
    /** When it failed for the last time, in ms since the Unix epoch. */
    readonly failedAt: number;
}

/** How often and how long a task is tried. */
export interface RetryPolicy {
    readonly maxAttempts: number;
    /** Before the second attempt, in ms; it doubles each time, with jitter. */
    readonly backoffMs: number;
    /** The longest pause, in ms. */
    readonly maxBackoffMs: number;
    /** The longest that one attempt may take, in ms. */
    readonly timeoutMs: number;
}

const DIGITS = 15;
const time = (ms: number): string => Math.max(0, Math.ceil(ms)).toString().padStart(DIGITS, '0');

/** Tasks in the order of being due. */
export const DUE = 'due/';
export const DEAD = 'dead/';
/** Tasks that are done, in the order in which they can be forgotten. */
export const DONE = 'done/';

export const dueKey = (dueAt: number, id: string): string => `${DUE}${time(dueAt)}/${id}`;
export const doneKey = (until: number, id: string): string => `${DONE}${time(until)}/${id}`;
export const deadKey = (id: string): string => DEAD + id;
/** Says that a task is known, and where it is. */
export const idKey = (id: string): string => `id/${id}`;

/** The time in a key of {@link dueKey} or {@link doneKey}. */
export const timeOf = (key: string): number => Number(key.slice(key.indexOf('/') + 1, key.indexOf('/') + 1 + DIGITS));
/** The id in a key of {@link dueKey} or {@link doneKey}. */
export const idOf = (key: string): string => key.slice(key.indexOf('/') + DIGITS + 2);

export const encodeTask = (task: Task | DeadTask): string => encodeJson(task);
export const decodeTask = (value: string): Task => decodeJson(value) as Task;
export const decodeDeadTask = (value: string): DeadTask => decodeJson(value) as DeadTask;
