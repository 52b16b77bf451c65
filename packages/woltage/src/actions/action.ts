import {ConfigError} from '../errors/index.ts';
import type {Event} from '../events/index.ts';
import {aFunction, aSchema, optional, shapeProblem, type Shape} from '../shared/shapes.ts';
import type {InferOutput, StandardSchema} from '../shared/standard-schema.ts';
import type {ActionContext} from './action-context.ts';
import type {ActionRetry} from './retry.ts';
import type {InputOf, Trigger} from './trigger.ts';

/** An action has failed for good. */
export interface ActionFailure<Input = unknown> {
    readonly input: Input;
    readonly error: Error;
    readonly attempts: number;
}

/** Events that record a failure. */
export interface FailureEvents {
    readonly aggregateName: string;
    /** Each with its `aggregateId`. */
    readonly events: Event | readonly Event[];
}

type HandlerInput<T extends Trigger, S extends StandardSchema | undefined> = S extends StandardSchema ? InferOutput<S> : InputOf<T>;

export interface ActionOptions<T extends Trigger = Trigger, S extends StandardSchema | undefined = StandardSchema | undefined, Services = unknown> {
    /** What runs it: one trigger, or several. */
    readonly on: T | readonly T[];
    /** What its input must match, from whatever trigger; its output is what the handler gets. @default what the trigger gives */
    readonly input?: S | undefined;
    readonly retry?: ActionRetry | undefined;
    /** How many runs of it may go on at a time in each process. @default 100 */
    readonly concurrency?: number | undefined;
    /** True: one at a time among all processes, in the order of the triggers' events; nothing overtakes one that is being retried. @default false */
    readonly ordered?: boolean | undefined;
    /** May be called again for the same input, after a failure or a crash. What it returns is the answer to a request. */
    readonly handler: {handle(input: HandlerInput<T, S>, context: ActionContext<T, Services>): unknown}['handle'];
    /** Called when the last attempt has failed, before the work goes to the dead letters: events that it returns are recorded, once. It may be called again after a crash. */
    readonly onFinalFailure?: {
        handle(failure: ActionFailure<HandlerInput<T, S>>, context: ActionContext<T, Services>): FailureEvents | undefined | void | Promise<FailureEvents | undefined | void>;
    }['handle'] | undefined;
}

/** `Action.create`, for services of a known type. */
export interface ActionFactory<Services> {
    create<T extends Trigger, S extends StandardSchema | undefined = undefined>(name: string, options: ActionOptions<T, S, Services>): Action;
}

/**
 * What happens next: a function with triggers. It runs durably, at least once, is retried, and put to the dead letters in the end; it may call services, run commands and ask
 * queries. It holds definitions only, so that any number of runtimes may share one.
 */
export class Action {
    readonly name: string;
    readonly triggers: readonly Trigger[];
    readonly options: ActionOptions;

    /**
     * @example
     * const welcome = Action.create('welcome', {
     *     on: onEvent(UserRegistered),
     *     retry: {maxAttempts: 5},
     *     async handler({email}, {run, event, services}) {
     *         await services.mailer.send(email, 'Welcome!');
     *         await run(noteWelcome, event.aggregateId, {});
     *     }
     * });
     * @throws ConfigError `ACTION_INVALID`
     */
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- who wants typed services says so, see `with`
    static create<T extends Trigger, S extends StandardSchema | undefined = undefined>(name: string, options: ActionOptions<T, S, any>): Action {
        return new Action(name, options);
    }

    /** `Action.with<Services>().create(...)`: handlers know the type of the config's `services`. */
    static with<Services>(): ActionFactory<Services> {
        return {create: (name, options) => new Action(name, options)};
    }

    private constructor(name: string, options: ActionOptions) {
        if (typeof name !== 'string' || !/^[\w\-.]{1,128}$/.test(name))
            throw new ConfigError('An action needs a name of letters, digits, -, _ and dots: Action.create(\'welcome\', {...}).', {code: 'ACTION_INVALID'});
        const problem = problemOf(options);
        if (problem !== undefined)
            throw new ConfigError(`Action '${name}': ${problem}`, {code: 'ACTION_INVALID'});
        this.name = name;
        this.options = options;
        this.triggers = Array.isArray(options.on) ? options.on as readonly Trigger[] : [options.on as Trigger];
    }
}

const KINDS = new Set(['event', 'message', 'schedule', 'http']);
const isTrigger = (value: unknown): boolean => typeof value === 'object' && value !== null && KINDS.has((value as Trigger).kind);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isMs = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;

const RETRY: Readonly<Record<string, (value: unknown) => boolean>> = {maxAttempts: isCount, timeoutMs: isCount, attemptTimeoutMs: isCount, backoffMs: isMs, maxBackoffMs: isMs};

const isRetry = (value: unknown): boolean => typeof value === 'object' && value !== null
    && Object.entries(value).every(([key, setting]) => Object.hasOwn(RETRY, key) && (setting === undefined || RETRY[key]?.(setting)));

const SHAPES: Readonly<Record<keyof ActionOptions, Shape>> = {
    on: [value => Array.isArray(value) ? value.length > 0 && value.every(isTrigger) : isTrigger(value), 'a trigger, or several: onEvent, onMessage, onSchedule, onHttp'],
    handler: aFunction('(input, {run, services}) => ...'),
    input: optional(aSchema),
    retry: optional([isRetry, 'an object {maxAttempts, timeoutMs, attemptTimeoutMs, backoffMs, maxBackoffMs} of positive numbers']),
    concurrency: optional([isCount, 'a whole number from 1']),
    ordered: optional([value => typeof value === 'boolean', 'true or false']),
    onFinalFailure: optional(aFunction())
};

const problemOf = (options: unknown): string | undefined => typeof options === 'object' && options !== null ? shapeProblem(options, SHAPES) : 'it needs options: {on, handler}.';
