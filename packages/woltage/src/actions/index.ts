export {Action, type ActionFactory, type ActionFailure, type ActionOptions, type FailureEvents} from './action.ts';
export type {
    ActionContext, ActionPublication, ActionTools, FoldableAggregate, Run, RunLater, RunOutcome, RunQuery
} from './action-context.ts';
export type {ActionRetry} from './retry.ts';
export {timesOf, type ScheduleTimes} from './schedule-times.ts';
export type {ActionMessage, ActionRequest, EventTrigger, HttpTrigger, MessageTrigger, ScheduledRun, ScheduleTrigger, Trigger, TriggerStart} from './trigger.ts';
export {onEvent, onHttp, onMessage, onSchedule, type OnEventOptions, type OnHttpOptions, type OnMessageOptions, type OnScheduleOptions} from './triggers.ts';
