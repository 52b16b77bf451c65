import {callName} from '../shared/call-name.ts';
import type {RunnableAggregate, RunnableCommand, RunnableDecision} from '../shared/runnable.ts';
import {deriveUuid} from '../shared/uuid.ts';
import {runEffect} from './run-effect.ts';

/**
 * Executes a command, or decides, from a projector or from inside a side effect. It is a side effect itself: nothing is executed in a replay or by an inactive version. It is known by the event that
 * is handled, so that a repetition appends nothing twice. Its events follow from that event.
 *
 * An error is an error of the event handler, unless that deals with it: a command that may be refused for good belongs into an action, or is scheduled.
 *
 * @example
 * await executeCommand(reserveStock, event.payload.productId, {orderId: event.aggregateId});
 * @throws (in the promise) what `woltage.executeCommand` throws, and ContextError when called outside of a projector
 */
export function executeCommand(aggregate: RunnableAggregate, aggregateId: string, commandName: string, payload?: unknown, context?: object): Promise<void>;
export function executeCommand<Input>(decision: RunnableDecision<never, Input>, input: Input, context?: object): Promise<void>;
export function executeCommand<Input>(command: RunnableCommand<Input>, aggregateId: string, payload: Input, context?: object): Promise<void>;
export function executeCommand(...args: readonly unknown[]): Promise<void> {
    return runEffect('executeCommand', async ({cause, runtime, key}) => runtime.executeOnce(await deriveUuid(cause.id, key), {id: cause.id, correlationId: cause.correlationId}, args), callName(args));
}
