import type {Cause} from '../../events/index.ts';
import {cloneData} from '../../shared/data.ts';
import {decodeValue} from '../../shared/json-codec.ts';
import type {DeadTask, Task, WaitingTask} from '../../tasks/index.ts';
import type {PlainOrder} from './command-order.ts';

/** A command or decision that waits for its time. */
export interface ScheduledCommand {
    readonly id: string;
    /** When it is to be executed; after an attempt that has failed: when it is tried again. */
    readonly executeAt: Date;
    /** The aggregate's name; `undefined` for a decision, as `aggregateId` and `command` are. */
    readonly aggregate: string | undefined;
    readonly aggregateId: string | undefined;
    /** The command's name. */
    readonly command: string | undefined;
    /** The decision's name; `undefined` for a command. */
    readonly decision: string | undefined;
    /** What it was scheduled with: the command's payload, or the decision's input. */
    readonly payload: unknown;
    /** How often it has been tried. */
    readonly attempts: number;
    /** Where it stands in the list: what comes behind it is listed `after` it. */
    readonly place: string;
}

/** A scheduled command or decision that has failed for good. */
export interface FailedCommand extends Omit<ScheduledCommand, 'place'> {
    readonly cause: Cause | undefined;
    readonly error: {readonly message: string; readonly code?: string | undefined};
    /** In ms since the Unix epoch. */
    readonly failedAt: number;
}

/** What a task of the queue holds. */
export interface KeptOrder extends PlainOrder {
    /** ms since the Unix epoch. */
    readonly executeAt: number;
    readonly cause?: Cause | undefined;
    /** Calls of handlers that ask for it, and of which it isn't known yet whether their events are there; none: it is sure. */
    readonly marks?: readonly string[] | undefined;
}

/** An order that has been checked, on its way into the queue. */
export interface PreparedOrder {
    readonly id: string;
    readonly kind: string;
    readonly order: KeptOrder;
    readonly cause: Cause | undefined;
}

/** What a call of a handler asks for, when it has returned. Ids are named once. */
export interface HandlerPlan {
    /** Names this call. */
    readonly mark: string;
    readonly orders: readonly PreparedOrder[];
    /** They take the places of what is to be cancelled under their ids. `standIn`: an id for the time until then. */
    readonly replacements: readonly {readonly order: PreparedOrder; readonly standIn: string}[];
    readonly cancelled: readonly string[];
}

/** A copy, for decoding works in place. */
export const keptOf = (task: Task): KeptOrder => decodeValue(cloneData(task.payload)) as KeptOrder;

export function toScheduled({task, place}: WaitingTask): ScheduledCommand {
    return {...toCommand(task), executeAt: new Date(task.dueAt), place};
}

export function toFailed(task: DeadTask): FailedCommand {
    const {cause, executeAt} = keptOf(task);
    return {...toCommand(task), executeAt: new Date(executeAt), cause, error: task.error, failedAt: task.failedAt};
}

function toCommand(task: Task): Omit<ScheduledCommand, 'executeAt' | 'place'> {
    const {aggregate, aggregateId, command, decision, payload} = keptOf(task);
    return {id: task.id, aggregate, aggregateId, command, decision, payload, attempts: task.attempts};
}
