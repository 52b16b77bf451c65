import type {Action} from '../actions/index.ts';
import {currentContext} from '../context/index.ts';
import {ContextError} from '../errors/index.ts';
import type {ActionCall, ActionRoute, Actions, FailedAction} from './actions/actions.ts';
import {PersonalDataControl} from './personal-data-control.ts';

export interface FailedActionsOptions {
    /** An action, or its name. @default all */
    readonly action?: Action | string | undefined;
    /** Lists those with greater ids only. */
    readonly after?: string | undefined;
    /** @default 100 */
    readonly limit?: number | undefined;
}

/** The part of {@link Woltage} that is about actions. */
export abstract class ActionControl extends PersonalDataControl {
    /** @internal */
    protected abstract readonly actions: Actions;

    /** @internal The routes that actions ask for by `onHttp`. */
    get actionRoutes(): readonly ActionRoute[] {
        return this.actions.routes;
    }

    /**
     * Runs an action's handler now, as a request would, and resolves to what it returns. It is not queued nor retried. With an `idempotencyKey` a repetition gets
     * the answer of the first.
     *
     * @throws NotFoundError `UNKNOWN_ACTION`
     * @throws ValidationError when the input doesn't match the action's schema
     * @throws BadRequestError `INVALID_IDEMPOTENCY_KEY`
     * @throws ConflictError `IDEMPOTENCY_KEY_REUSED`
     * @throws UnavailableError `STOPPED`; `ACTION_TIMEOUT` after the action's `attemptTimeoutMs`
     * @throws WoltageError `INVALID_ACTION_RESULT` when there is an idempotency key, and what the handler returns isn't plain data
     * @throws ContextError `ACTION_IN_COMMAND`
     * @throws whatever the handler throws
     */
    executeAction(action: Action | string, input?: unknown, options: ActionCall = {}): Promise<unknown> {
        return this.#runOutsideCommands(() => this.actions.execute(action, input, options));
    }

    /**
     * Queues a run of an action, durably: it will be run at least once, and retried. With an `idempotencyKey` it is queued once. Its input is validated
     * at once, and again when it runs.
     *
     * @returns The id of the work, as dead letters have it
     * @throws NotFoundError `UNKNOWN_ACTION`
     * @throws ValidationError when the input doesn't match the action's schema
     * @throws BadRequestError `NOT_ENCODABLE`, `INVALID_IDEMPOTENCY_KEY`
     * @throws ConflictError `IDEMPOTENCY_KEY_REUSED`
     * @throws ContextError `ACTION_IN_COMMAND`
     */
    enqueueAction(action: Action | string, input?: unknown, options: ActionCall = {}): Promise<string> {
        return this.#runOutsideCommands(() => this.actions.enqueue(action, input, options));
    }

    /** What actions have failed at for good, by id. @throws NotFoundError `UNKNOWN_ACTION`; BadRequestError `INVALID_LIMIT` */
    getFailedActions(options: FailedActionsOptions = {}): Promise<readonly FailedAction[]> {
        return this.run(() => this.actions.failed(options));
    }

    /** Queues work again that has failed for good, with all its attempts before it. @throws NotFoundError `UNKNOWN_TASK` */
    retryFailedAction(id: string): Promise<void> {
        return this.run(() => this.actions.retry(id));
    }

    /** Gives work up that has failed for good. @throws NotFoundError `UNKNOWN_TASK` */
    discardFailedAction(id: string): Promise<void> {
        return this.run(() => this.actions.discard(id));
    }

    /** Commands decide; what is to follow from them follows from their events. @throws ContextError `ACTION_IN_COMMAND` */
    #runOutsideCommands<R>(task: () => Promise<R>): Promise<R> {
        const context = currentContext();
        if (context?.deferred !== undefined && context.effects === undefined)
            return Promise.reject(new ContextError('A command or decision can\'t call an action: have the action triggered by the event that it returns.', {code: 'ACTION_IN_COMMAND'}));
        return this.run(task);
    }
}
