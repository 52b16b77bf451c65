import {AsyncLocalStorage} from 'node:async_hooks';
import {ContextError} from '../errors/index.ts';
import type {Cause, Event} from '../events/index.ts';
import type {IStore, PlainMessage} from '../ports/index.ts';
import {findClockBy, type Clock} from '../shared/clock.ts';
import type {DeferredCommands, ScheduleCall} from './schedule.ts';

/** Where a state of the past ends: inclusive, and all that are given count. */
export interface PastOptions {
    readonly revision?: bigint | number | undefined;
    readonly position?: bigint | undefined;
    /** Up to the first event that is later: a Date, or ms since the epoch. */
    readonly time?: Date | number | undefined;
}

/** What code that runs inside a Woltage context can reach of its runtime. */
export interface ContextRuntime {
    /** Where it isn't the system's. */
    readonly clock?: Clock | undefined;
    /** Is told of every side effect that runs. */
    readonly onEffect?: ((call: EffectCall) => void) | undefined;
    /** Is told of every attempt at a run of an action, when it is over. */
    readonly onAttempt?: ((attempt: ActionRun) => void) | undefined;
    /** The read model instance of a class. @throws NotFoundError when the class isn't one of this runtime's */
    readModel(readModelClass: unknown): object;
    /** The store of a projection's active version. @throws NotFoundError, UnavailableError */
    activeStore(projectionName: string): IStore;
    /** Appends events as a consequence of `cause`; repeating the same key appends nothing. */
    emit(cause: Cause, key: string, aggregateName: string, events: readonly Event[]): Promise<void>;
    /** Publishes a message; `undefined` without a broker. @param id The same whenever it is published again @param signal Ends the attempt */
    readonly publish?: ((topic: string, message: PlainMessage, id: string, signal: AbortSignal) => Promise<void>) | undefined;
    /** Makes a durable side effect known, before its tasks come. */
    learnEffect(effect: {readonly name: string}): void;
    /** The folded state of an aggregate, or the one that a decision would decide upon. */
    stateOf(target: unknown, idOrInput: unknown): Promise<unknown>;
    /** The state that an aggregate had, or that a decision would have decided upon. */
    stateAt(target: unknown, idOrInput: unknown, at: PastOptions): Promise<unknown>;
    /** Executes a command by aggregate (or its name), or by command handle. */
    executeCommand(...args: readonly unknown[]): Promise<unknown>;
    /** Decides, by decision or by its name. */
    decide(...args: readonly unknown[]): Promise<unknown>;
    /** Executes a command, or decides, as a consequence of `cause`, once for a key. @param args Like those of {@link ScheduleCall} */
    executeOnce(key: string, cause: Cause, args: readonly unknown[]): Promise<void>;
    /** Has a command or decision executed at a time. @returns Its id */
    schedule(call: ScheduleCall): Promise<string>;
    /** @returns Whether it was there and had not begun */
    cancelScheduled(id: string): Promise<boolean>;
    /** For what a handler asks to be scheduled. @param seed Gives an id that is the same whenever the handler's call is repeated */
    defer(seed: (() => Promise<string>) | undefined): DeferredCommands;
}

/** A side effect that is about to run. */
export interface EffectCall {
    /** What `sideEffect` has returned. */
    readonly effect: unknown;
    /** The name of a durable one, or of the function. */
    readonly name: string;
    readonly args: readonly unknown[];
    /** From 1; of a durable one it rises with each retry. */
    readonly attempt: number;
    readonly isDurable: boolean;
    /** The event that is handled. */
    readonly cause: Cause;
}

/** An attempt at a run of an action. */
export interface ActionRun {
    /** The action's name. */
    readonly action: string;
    /** Of the work: the same at every attempt. */
    readonly id: string;
    /** From 1. */
    readonly attempt: number;
    /** As the trigger gave it. */
    readonly input: unknown;
    /** What it has failed with. */
    readonly failed?: {readonly error: unknown} | undefined;
    /** What the handler has returned. */
    readonly result?: unknown;
}

/** A side effect that is written down with the rows, and run later from the task queue. */
export interface DurableEffect {
    /** The same in every version of the projection, and whenever the event is handled again. */
    readonly key: string;
    /** The effect's own name. */
    readonly name: string;
    readonly payload: unknown;
}

/** The effects that one event's handling asks for. Effects inside an effect have a scope of their own. */
export interface EffectScope {
    /** The event that is handled; `undefined` in a replay. */
    readonly cause: Cause | undefined;
    /**
     * Runs an effect, unless this is a replay, the version isn't active, or the effect has already run for this event.
     *
     * @param effect Gets a key that is the same whenever the effect is repeated, in every version of the projection.
     * @param what What it is about, where a repetition may have other effects before it
     */
    run(effect: (key: string) => unknown, what?: string): Promise<void>;
    /** Has a durable effect written down under the same conditions. */
    defer(effect: {readonly name: string}, payload: unknown): void;
}

export interface ExecutionContext {
    readonly runtime: ContextRuntime;
    readonly effects?: EffectScope | undefined;
    /** Where a handler's wishes are collected. */
    readonly deferred?: DeferredCommands | undefined;
    /** The mailboxes that the command holds which this runs in. */
    readonly mailboxes?: readonly string[] | undefined;
    /** The stores that a query has seen, so that one query never sees two versions of a projection. */
    readonly stores?: Map<string, IStore> | undefined;
}

const storage = new AsyncLocalStorage<ExecutionContext>();
findClockBy(() => storage.getStore()?.runtime.clock);

export const currentContext = (): ExecutionContext | undefined => storage.getStore();

/** The mailboxes that are held by the commands which this runs in. */
export function heldMailboxes(runtime: ContextRuntime): readonly string[] | undefined {
    const context = storage.getStore();
    return context?.runtime === runtime ? context.mailboxes : undefined;
}

/** @throws ContextError when called outside of a Woltage context */
export function requireContext(what: string, where = 'a command handler, a projector, a side effect or a read model'): ExecutionContext {
    const context = storage.getStore();
    if (context === undefined)
        throw new ContextError(`${what} only works inside a Woltage context: ${where}. Elsewhere, use the Woltage instance: executeQuery, executeCommand.`);
    return context;
}

const deciding = new AsyncLocalStorage<true>();

/** Whether a decision is under way that waits for what this code does, however deep. */
export const isDeciding = (): boolean => deciding.getStore() === true;

export const runDeciding = <R>(run: () => R): R => deciding.run(true, run);

export const runInContext = <R>(context: ExecutionContext, run: () => R): R => storage.run(context, run);
