import type {Action, ActionFailure, FailureEvents} from '../../actions/index.ts';
import type {ActionRun} from '../../context/index.ts';
import {ConflictError, UnavailableError, ValidationError} from '../../errors/index.ts';
import type {Event} from '../../events/index.ts';
import type {IStore, RecordWrite} from '../../ports/index.ts';
import {systemClock} from '../../shared/clock.ts';
import {cloneData} from '../../shared/data.ts';
import {decodeValue} from '../../shared/json-codec.ts';
import {errorType, measuring, timed, traced} from '../../shared/telemetry.ts';
import {GroupCommit, type RetryPolicy, type Task, type TaskRun, type TaskWork} from '../../tasks/index.ts';
import {ActionAttempt, type AttemptOptions, type AttemptParts} from './action-attempt.ts';
import type {CompiledAction} from './compiled-action.ts';
import {Journal, type JournalPlace} from './journal.ts';
import {RUN, type RunSource} from './run-source.ts';
import {triggeredBy, validInput, type Triggered} from './trigger-input.ts';

const DEFAULT_ATTEMPTS = 10;
const DEFAULT_ATTEMPT_MS = 60_000;
const DEFAULT_BACKOFF_MS = 1000;
const DEFAULT_MAX_BACKOFF_MS = 300_000;
/** So long events of unknown classes wait for a process that knows them, in ms: while a new version is rolled out. */
const STRANGE_MS = 600_000;

function policyOf({options: {retry = {}}}: Action): RetryPolicy {
    const {
        timeoutMs: giveUpAfterMs, attemptTimeoutMs: timeoutMs = DEFAULT_ATTEMPT_MS, maxAttempts = giveUpAfterMs === undefined ? DEFAULT_ATTEMPTS : Infinity,
        backoffMs = DEFAULT_BACKOFF_MS, maxBackoffMs = DEFAULT_MAX_BACKOFF_MS
    } = retry;
    return {maxAttempts, giveUpAfterMs, timeoutMs, backoffMs, maxBackoffMs};
}

/** A copy: handlers may change what they get, and another attempt must not see that. */
const sourceOf = ({payload}: Task): RunSource => decodeValue(cloneData(payload)) as RunSource;

async function observed(run: () => Promise<unknown>, attempt: ActionRun, onAttempt: (attempt: ActionRun) => void): Promise<unknown> {
    try {
        const result = await run();
        onAttempt({...attempt, result});
        return result;
    } catch (error) {
        onAttempt({...attempt, failed: {error}});
        throw error;
    }
}

/** Runs the tasks of one action. */
export class ActionWork implements TaskWork {
    readonly #compiled: CompiledAction;
    readonly #parts: AttemptParts;
    readonly #journalPlace: JournalPlace;
    readonly #policy: RetryPolicy;
    /** Errors that another attempt can't mend. */
    readonly #final = new WeakSet<Error>();
    /** Errors that another process may not run into. */
    readonly #forOthers = new WeakSet<Error>();
    /** What the attempts at tasks have begun. */
    readonly #journals = new WeakMap<Task, Journal>();

    /** @param store The scope of the action */
    constructor(compiled: CompiledAction, parts: AttemptParts, store: IStore) {
        this.#compiled = compiled;
        this.#parts = parts;
        this.#journalPlace = {store, commits: new GroupCommit(store)};
        this.#policy = policyOf(compiled.action);
    }

    /** The longest that one attempt may take, in ms. */
    get attemptTimeoutMs(): number {
        return this.#policy.timeoutMs;
    }

    policyOf(kind: string): RetryPolicy | undefined {
        return kind === RUN ? this.#policy : undefined;
    }

    isFinal(error: Error): boolean {
        return this.#final.has(error);
    }

    isForOthers(error: Error): boolean {
        return this.#forOthers.has(error);
    }

    async run(task: Task, {attempt, signal}: TaskRun): Promise<void> {
        const source = sourceOf(task);
        const triggered = await triggeredBy(source, task.id, this.#compiled, this.#parts);
        if (triggered === 'strange') {
            const clock = this.#parts.runtime.clock ?? systemClock;
            // Tests have no other processes.
            if (clock.isSteady !== true && clock.now() - task.since < STRANGE_MS)
                throw this.#leaveToOthers(new UnavailableError('This process has no class for the event: a newer one may have.', {code: 'EVENT_NOT_HANDLED'}));
            this.#parts.log.warn({task: task.id, action: this.#compiled.action.name}, 'An action has nothing to do: no process has taken the event, which is of a class that it once asked for');
            return;
        }
        if (triggered === undefined) {
            this.#parts.log.info({task: task.id, action: this.#compiled.action.name}, 'An action has nothing to do: the event that triggered it was erased');
            return;
        }
        const journal = new Journal(this.#journalPlace, task.id, task.attempts === 1 && task.hasBegun !== true);
        this.#journals.set(task, journal);
        await this.perform({id: task.id, attempt, signal, journal}, triggered);
    }

    /** Runs the handler. @returns What it returns @throws ValidationError when the input doesn't match the action's schema */
    async perform(options: AttemptOptions, triggered: Triggered): Promise<unknown> {
        const {action} = this.#compiled;
        const attributes = {'woltage.action': action.name};
        const attempt = new ActionAttempt(this.#parts, options, triggered);
        const task = async (): Promise<unknown> => {
            const input = await this.#input(triggered);
            return attempt.call(context => action.options.handler(input, context));
        };
        const spanned = (): Promise<unknown> => traced('woltage.action', () => ({...attributes, 'woltage.task': options.id, 'woltage.attempt': options.attempt}), task);
        const duration = measuring()?.actionDuration;
        const measured = (): Promise<unknown> => duration === undefined ? spanned() : timed(duration, attributes, spanned);
        const {onAttempt} = this.#parts.runtime;
        return onAttempt === undefined ? measured() : observed(measured, {action: action.name, id: options.id, attempt: options.attempt, input: triggered.input}, onAttempt);
    }

    async onFinalFailure(task: Task, error: Error, signal: AbortSignal): Promise<void> {
        const {action} = this.#compiled;
        measuring()?.deadLetters.add(1, {'woltage.action': action.name, 'error.type': errorType(error)});
        const hook = action.options.onFinalFailure;
        const triggered = hook && await triggeredBy(sourceOf(task), task.id, this.#compiled, this.#parts);
        if (hook === undefined || triggered === undefined || triggered === 'strange')
            return;
        const input = await validInput(action, triggered.input).catch(() => triggered.input);
        const attempt = new ActionAttempt(this.#parts, {id: `${task.id}.failed`, attempt: task.attempts, signal, journal: new Journal(this.#journalPlace, `${task.id}.failed`)}, triggered);
        const failure: ActionFailure = {input, error, attempts: task.attempts};
        const recorded = await attempt.call(context => hook(failure, context)) as FailureEvents | undefined;
        // Whoever is late is called again.
        signal.throwIfAborted();
        if (recorded !== undefined)
            await this.#record(task, triggered, recorded);
    }

    /** Once: a failure that was retried by hand, and has failed again, is known. */
    async #record(task: Task, {cause}: Triggered, {aggregateName, events}: FailureEvents): Promise<void> {
        try {
            await this.#parts.runtime.emit(cause, `action/${task.id}.failed`, aggregateName, Array.isArray(events) ? events as readonly Event[] : [events as Event]);
        } catch (error) {
            if (!(error instanceof ConflictError && error.code === 'EVENT_ID_EXISTS'))
                throw error;
        }
    }

    /** What goes with a task: its journals. */
    async recordsAtEnd(task: Task): Promise<readonly RecordWrite[]> {
        return (this.#journals.get(task) ?? new Journal(this.#journalPlace, task.id)).removal();
    }

    #leaveToOthers(error: Error): Error {
        this.#forOthers.add(error);
        return error;
    }

    async #input(triggered: Triggered): Promise<unknown> {
        try {
            return await validInput(this.#compiled.action, triggered.input);
        } catch (error) {
            // Whatever else a schema stumbles over may pass.
            if (error instanceof ValidationError)
                this.#final.add(error);
            throw error;
        }
    }
}
