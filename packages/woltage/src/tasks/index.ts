export {openTasks} from './find-due.ts';
export {GroupCommit} from './group-commit.ts';
export {KeyedWork, type IdOf, type KeyedResult, type KeyedTask} from './keyed-work.ts';
export {isRefusal} from './refusal.ts';
export {TaskQueue, type TaskCounts, type TaskQueueOptions} from './task-queue.ts';
export type {TaskRun, TaskWork} from './task-work.ts';
export type {DeadTask, NewTask, RetryPolicy, Task, TaskError} from './task.ts';
export {cancelTask, changeTask, waitingTasks, type WaitingTask} from './waiting-tasks.ts';
export {WorkLease, type WorkLeaseOptions} from './work-lease.ts';
