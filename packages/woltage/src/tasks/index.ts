export {KeyedWork, type IdOf, type KeyedResult, type KeyedTask} from './keyed-work.ts';
export type {DeadTask, NewTask, RetryPolicy, Task} from './task.ts';
export {TaskQueue, type TaskQueueOptions} from './task-queue.ts';
export {openTasks} from './find-due.ts';
export type {TaskRun, TaskWork} from './task-work.ts';
export {WorkLease, type WorkLeaseOptions} from './work-lease.ts';
