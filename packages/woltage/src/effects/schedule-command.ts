import {currentContext, type ScheduleOptions} from '../context/index.ts';
import {ContextError} from '../errors/index.ts';
import {callName} from '../shared/call-name.ts';
import type {RunnableAggregate, RunnableCommand, RunnableDecision} from '../shared/runnable.ts';
import {deriveUuid} from '../shared/uuid.ts';
import {runEffect} from './run-effect.ts';

/**
 * Has a command executed later, or a decision made (see `woltage.scheduleCommand`).
 *
 * In a projector, or inside a side effect, it is a side effect itself: nothing is scheduled in a replay or by an inactive version, and a repetition schedules nothing twice.
 *
 * In a command handler, or a decision's `decide`, it is written down when the handler has returned, before its events are appended, and taken back where they are refused. Where the process dies in
 * between, or the answer of the event store is lost, it is executed whether or not the events are there: the command decides by the state that it finds. It doesn't begin before the events are there.
 *
 * It can't return anything, for it may not run: give it an `id` to cancel it by.
 *
 * @example
 * await scheduleCommand(new Date(Date.now() + 900_000), expireReservation, aggregateId, {}, {}, {id: `expire-${aggregateId}`});
 * @throws (in the promise) what `woltage.scheduleCommand` throws, and ContextError when called elsewhere
 */
export function scheduleCommand(executeAt: Date, aggregate: RunnableAggregate, aggregateId: string, commandName: string, payload?: unknown, context?: object, options?: ScheduleOptions): Promise<void>;
export function scheduleCommand<Input>(executeAt: Date, decision: RunnableDecision<never, Input>, input: Input, context?: object, options?: ScheduleOptions): Promise<void>;
export function scheduleCommand<Input>(executeAt: Date, command: RunnableCommand<Input>, aggregateId: string, payload: Input, context?: object, options?: ScheduleOptions): Promise<void>;
export function scheduleCommand(executeAt: Date, ...args: readonly unknown[]): Promise<void> {
    const context = currentContext();
    if (context?.deferred !== undefined && context.effects === undefined)
        return context.deferred.schedule({executeAt, args});
    return orElsewhere('scheduleCommand', async ({cause, runtime, key}) => {
        await runtime.schedule({executeAt, args, id: await deriveUuid(cause.id, key), cause: {id: cause.id, correlationId: cause.correlationId}});
    }, callName(args));
}

/**
 * Takes a scheduled command back, unless it has begun: a side effect of a projector, as {@link scheduleCommand} is. In a command handler it is done when the events have been appended; what the
 * handler schedules under the same id after that takes its place.
 *
 * @throws ContextError (in the promise) when called elsewhere
 */
export function cancelScheduled(id: string): Promise<void> {
    const context = currentContext();
    if (context?.deferred !== undefined && context.effects === undefined)
        return context.deferred.cancel(id);
    return orElsewhere('cancelScheduled', async ({runtime}) => {
        await runtime.cancelScheduled(id);
    });
}

function orElsewhere(what: string, effect: Parameters<typeof runEffect>[1], about?: string): Promise<void> {
    if (currentContext()?.effects === undefined)
        return Promise.reject(new ContextError(`${what} works in a command handler, in a decision, and while a projector handles an event. Elsewhere, use the Woltage instance: woltage.${what}.`));
    return runEffect(what, effect, about);
}
