import type {RecordWrite} from '../ports/index.ts';
import type {RetryPolicy, Task} from './task.ts';

/** What a task is told of the attempt. */
export interface TaskRun {
    /** From 1. */
    readonly attempt: number;
    /** Aborts when the attempt has taken too long, when another process has taken the task over, or when the process stops. */
    readonly signal: AbortSignal;
}

/** What this process knows to do about tasks. */
export interface TaskWork {
    /** How a kind of task is tried; `undefined` where this process doesn't know the kind and leaves it to others. */
    policyOf(kind: string): RetryPolicy | undefined;
    run(task: Task, run: TaskRun): Promise<void>;
    /** True when no further attempt would help. @default no error is */
    isFinal?(error: Error): boolean;
    /** True when another process may know what to do, and this one doesn't: the task is left to others for a while, and the attempt doesn't count. @default no error says so */
    isForOthers?(error: Error): boolean;
    /** Called when the last attempt has failed, before the task is put to the dead letters; may be called again, after a crash, or when it fails or takes longer than an attempt may: the signal aborts then. */
    onFinalFailure(task: Task, error: Error, signal: AbortSignal): Promise<void>;
    /**
     * Further records of the queue's scope, without expectations: written in the commit in which the task is done, or is given up by hand (cancelled, or discarded when it was dead); not when it
     * is put to the dead letters.
     */
    recordsAtEnd?(task: Task): Promise<readonly RecordWrite[]> | readonly RecordWrite[];
}
