import {Aggregate, type Action, type CommandHandle, type Decision, type Event, type ProjectorClass} from 'woltage';
import {expectHere} from '../compare/fail.ts';
import {TestingError} from '../testing-error.ts';
import {actionTrial, isAction} from './action-trial.ts';
import type {ActionTrigger} from './action-trigger.ts';
import {commandTrial} from './command-trial.ts';
import {decisionTrial, isDecision} from './decision-trial.ts';
import {checkEvents, stamp, type GivenEvents} from './given-events.ts';
import {Projected, type ExpectedRows, type SwitchOptions} from './projected.ts';
import type {Stage} from './stage.ts';
import {When} from './when.ts';
import {WhenAction} from './when-action.ts';

/** What a command's handler gets as its context. `aggregateId` says which aggregate the command is for. */
export interface WhenContext {
    /** @default that of the given events; a UUID, where they don't say theirs */
    readonly aggregateId?: string | undefined;
    readonly [key: string]: unknown;
}

/** Events that have happened, and the beginning of a sentence: made by `given`. */
export class Given {
    readonly #stage: Stage;
    readonly #events: readonly GivenEvents[];

    /** @internal */
    constructor(stage: Stage, events: readonly Event[] | readonly GivenEvents[], isPrepared = false) {
        this.#stage = stage;
        if (isPrepared) {
            this.#events = events as readonly GivenEvents[];
            return;
        }
        checkEvents(events);
        stamp(events, stage.clock);
        this.#events = [{events}];
    }

    /**
     * More events that have happened, after the others, of this aggregate.
     *
     * @param aggregate The aggregate, or its name
     * @throws TestingError `TEST_INVALID` for anything but events
     * @example
     * await given([new CartCreated({payload})]).and(product, 'p-1', [new PriceChanged({payload: {price: 3}})]).when(addItem, {productId: 'p-1'}).then([...]);
     */
    and(aggregate: Aggregate | string, aggregateId: string, events: readonly Event[]): Given {
        const isAggregate = aggregate instanceof Aggregate || typeof aggregate === 'string' && aggregate !== '';
        if (!isAggregate || typeof aggregateId !== 'string' || aggregateId === '')
            throw new TestingError('and takes an aggregate (or its name), an aggregate id and events: given([...]).and(product, \'p-1\', [new PriceChanged({...})]).');
        checkEvents(events);
        stamp(events, this.#stage.clock);
        return new Given(this.#stage, [...this.#events, {aggregate, aggregateId, events}], true);
    }

    /**
     * Executes a command, or a decision, on what is given, when it is known what is expected: end the sentence with `.then(...)`, `.thenNothing()` or `.thenState(...)`. The command runs as it
     * does in production: its payload is validated, the events are upcast, what it decides is appended.
     *
     * An action is triggered by an event, a message, a time or a call. What is given has happened before: it triggers nothing. Retries and what is due later are waited for, on the clock. End the
     * sentence with `.then(...)`, `.thenNothing()`, `.thenPublished(...)` or `.thenResult(...)`; an action that fails for good fails with its last error. Fakes of its services come with `given(events, {services})`.
     *
     * @param command What `registerCommand` has returned; or the aggregate, and then the command's name; or a decision; or an action
     * @param trigger What triggers the action: an event of one of its triggers, `{message}`, `{scheduledFor}`, or `{input}` for a request or a call
     * @param context Handed to the handler; its `aggregateId` says which aggregate the command is for
     * @throws TestingError `TEST_INVALID` for anything but a command, a decision or an action, and for what doesn't trigger the action
     * @example
     * await given([new AccountOpened({payload: {owner: 'Ann'}})]).when(withdraw, {amount: 10}).then(InsufficientFunds);
     * @example
     * await given([], {services: {mailer}}).when(welcome, new UserRegistered({payload: {email: 'ann@example.com'}})).then([new UserWelcomed({payload: {email: 'ann@example.com'}})]);
     */
    when(aggregate: Aggregate, commandName: string, payload?: unknown, context?: WhenContext): When;
    when<Input>(decision: Decision<unknown, Input>, input: Input, context?: object): When;
    when(action: Action, trigger: ActionTrigger): WhenAction;
    when<Input>(command: CommandHandle<Input>, payload: Input, context?: WhenContext): When;
    when(target: unknown, ...rest: readonly unknown[]): When | WhenAction {
        if (isAction(target))
            return new WhenAction(actionTrial(this.#stage, this.#events, target, rest[0]));
        return new When(isDecision(target) ? decisionTrial(this.#stage, this.#events, target, rest) : commandTrial(this.#stage, this.#events, target, rest));
    }

    /**
     * Has a projector handle the events live, as the active version: with its side effects. It runs when the first thing is expected of it.
     *
     * @throws TestingError `TEST_INVALID` for anything but a projector class
     */
    project<P extends ProjectorClass>(projector: P): Projected<P> {
        return new Projected(this.#stage, this.#events, {mode: 'live', to: projector});
    }

    /**
     * Has a projector work through the events in a replay: they are history to it. A side effect that runs fails the test.
     *
     * @throws TestingError `TEST_INVALID` for anything but a projector class
     */
    replay<P extends ProjectorClass>(projector: P): Projected<P> {
        return new Projected(this.#stage, this.#events, {mode: 'replay', to: projector});
    }

    /**
     * Has a projector handle the first events (half of them, or `after`), and switches to another one while the others come: no side effect may get lost or run twice.
     *
     * @throws TestingError `TEST_INVALID` for anything but projector classes
     * @example
     * await given(events).switch(OrderProjectorV1, OrderProjector).expectRows({orders: [{id: 'o-1', total: 9}]});
     */
    switch<P extends ProjectorClass>(from: ProjectorClass, to: P, options: SwitchOptions = {}): Projected<P> {
        return new Projected(this.#stage, this.#events, {mode: 'switch', from, to, ...options});
    }

    /**
     * Expects these rows of a projector that handles the events live: short for `.project(projector).expectRows(rows)`.
     *
     * @param rows By table; tables that aren't named aren't looked at
     * @throws AssertionError (in the promise) with the difference
     */
    async expectRows<P extends ProjectorClass>(projector: P, rows: ExpectedRows<P>): Promise<void> {
        const projected = this.project(projector);
        await expectHere(this.expectRows, () => projected.expectRows(rows));
    }
}
