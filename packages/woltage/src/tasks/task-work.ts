import type {RetryPolicy, Task} from './task.ts';

/** What a task is told of the attempt. */
export interface TaskRun {
    /** From 1. */
    readonly attempt: number;
    /** Aborts when the attempt has taken too long, or when the process stops. */
    readonly signal: AbortSignal;
}

/** What this process knows to do about tasks. */
export interface TaskWork {
    /** How a kind of task is tried; `undefined` where this process doesn't know the kind and leaves it to others. */
    policyOf(kind: string): RetryPolicy | undefined;
    run(task: Task, run: TaskRun): Promise<void>;
    /** Called when the last attempt has failed, before the task is put to the dead letters; may be called again after a crash. */
    onFinalFailure(task: Task, error: Error): Promise<void>;
    /** Whether another attempt can't mend an error. @default false */
    isFinal?(error: Error): boolean;
}
