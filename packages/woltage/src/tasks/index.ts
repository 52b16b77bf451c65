export {KeyedWork, type IdOf, type KeyedResult, type KeyedTask} from './keyed-work.ts';
export type {DeadTask, NewTask, RetryPolicy, Task, TaskError} from './task.ts';
export {TaskQueue, type TaskCounts, type TaskQueueOptions} from './task-queue.ts';
export {openTasks} from './find-due.ts';
export type {TaskRun, TaskWork} from './task-work.ts';
export {WorkLease, type WorkLeaseOptions} from './work-lease.ts';
export {cancelTask, changeTask, waitingTasks, type WaitingTask} from './waiting-tasks.ts';
export {GroupCommit} from './group-commit.ts';
