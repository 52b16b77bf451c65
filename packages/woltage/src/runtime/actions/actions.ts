import {Action, type ActionRequest, type HttpTrigger} from '../../actions/index.ts';
import {BadRequestError, NotFoundError, WoltageError} from '../../errors/index.ts';
import {systemClock, type Clock} from '../../shared/clock.ts';
import type {JsonValue} from '../../shared/json-codec.ts';
import {decodeValue, encodeJson, encodeValue} from '../../shared/json-codec.ts';
import {checkPageLimit} from '../../shared/page-limit.ts';
import {deriveUuid} from '../../shared/uuid.ts';
import {GroupCommit, KeyedWork, type DeadTask} from '../../tasks/index.ts';
import type {IStore} from '../../ports/index.ts';
import {startTogether} from '../stages.ts';
import {ActionRunner, type RunnerParts} from './action-runner.ts';
import type {CompiledAction} from './compiled-action.ts';
import {Journal, type JournalPlace} from './journal.ts';
import type {RunSource} from './run-source.ts';
import {RunningCalls} from './running-calls.ts';
import {validInput} from './trigger-input.ts';

/** Work of an action that has failed for good. */
export interface FailedAction {
    readonly id: string;
    readonly action: string;
    /** What it was about: the event's place, the message, the time, or the input. */
    readonly source: RunSource;
    readonly attempts: number;
    readonly error: {readonly message: string; readonly code?: string | undefined};
    /** In ms since the Unix epoch. */
    readonly failedAt: number;
}

/** How an action is called by hand. */
export interface ActionCall {
    readonly idempotencyKey?: string | undefined;
    readonly request?: ActionRequest | undefined;
    /** When it may run at the earliest, in ms since the Unix epoch. */
    readonly dueAt?: number | undefined;
}

/** What tells one request from another: not who asks. */
type AskedFor = Pick<ActionCall, 'request'> & {readonly input: unknown};

/** A request that an action answers. */
export interface ActionRoute {
    readonly action: Action;
    readonly trigger: HttpTrigger;
}

const DEFAULT_PAGE = 100;
/** How long a stop waits for what is running, in ms. */
const GRACE_MS = 5000;
/** Tests don't wait long for an action that hangs when they are over, in ms. */
const HARNESS_GRACE_MS = 200;
const MAX_KEY_LENGTH = 256;

/** The actions of one runtime. */
export class Actions {
    readonly #runners: ReadonlyMap<string, ActionRunner>;
    readonly #requests: IStore;
    readonly #keyed: KeyedWork;
    readonly #clock: Clock;
    readonly #calls: RunningCalls;
    readonly #graceMs: number;
    readonly #commits: GroupCommit;
    readonly #keepMs: number;

    /** @param keepMs How long answers to requests with idempotency keys are kept */
    constructor(compiled: Iterable<CompiledAction>, parts: RunnerParts, keepMs: number) {
        this.#runners = new Map(Array.from(compiled, one => [one.action.name, new ActionRunner(one, parts)]));
        this.#requests = parts.taskStore.scope({namespace: '_woltage_requests', tables: {}});
        const {clock} = parts.attempt.runtime;
        this.#clock = clock ?? systemClock;
        this.#calls = new RunningCalls(this.#clock);
        this.#graceMs = clock === undefined ? GRACE_MS : HARNESS_GRACE_MS;
        this.#commits = new GroupCommit(this.#requests);
        this.#keyed = new KeyedWork(this.#requests, parts.self, parts.log, keepMs);
        // It is written down as JSON, which has no Infinity.
        this.#keepMs = Math.min(keepMs, Number.MAX_SAFE_INTEGER);
    }

    get all(): readonly ActionRunner[] {
        return [...this.#runners.values()];
    }

    get routes(): readonly ActionRoute[] {
        return this.all.flatMap(({compiled: {action}}) => action.triggers.flatMap(trigger => trigger.kind === 'http' ? [{action, trigger}] : []));
    }

    async open(): Promise<void> {
        if (this.#runners.size > 0)
            await Promise.all([this.#requests, ...this.all].map(part => part instanceof ActionRunner ? part.open() : part.createTables()));
    }

    /** Starts all actions or none. */
    async start(): Promise<void> {
        this.#calls.start();
        await startTogether(this.all.map(runner => ({start: () => runner.start(), stop: () => runner.stop(this.#graceMs)})));
    }

    async stop(): Promise<void> {
        await Promise.all([this.#calls.stop(this.#graceMs), ...this.all.map(runner => runner.stop(this.#graceMs))]);
    }

    /** Runs an action's handler now, once for an idempotency key. @throws whatever it throws */
    async execute(target: unknown, input: unknown, {idempotencyKey, request}: ActionCall): Promise<unknown> {
        const runner = this.#find(target);
        return idempotencyKey === undefined
            ? this.#perform(runner, undefined, this.#clock.newId(), input, request)
            : this.#once('', runner, {input, request}, idempotencyKey, id => this.#perform(runner, {store: this.#requests, commits: this.#commits}, id, input, request));
    }

    /** Queues a run of an action, once for an idempotency key. @returns Its id @throws ValidationError when the input doesn't match the action's schema */
    async enqueue(target: unknown, input: unknown, {idempotencyKey, request, dueAt}: ActionCall): Promise<string> {
        const runner = this.#find(target);
        const enqueue = async (id: string, rememberMs?: number): Promise<string> => {
            await runner.enqueue(id, {by: 'call', input, request}, {dueAt, rememberMs});
            return id;
        };
        // Who dies before the answer is kept has queued it nevertheless: a repetition finds it for as long as it would have found the answer.
        if (idempotencyKey !== undefined)
            return this.#once('queued/', runner, {input, request}, idempotencyKey, id => enqueue(id, this.#keepMs)) as Promise<string>;
        await validInput(runner.compiled.action, input);
        return enqueue(this.#clock.newId());
    }

    /** Queues a run as a trigger would. @param id Known ids are not queued again @throws NotFoundError `UNKNOWN_ACTION` */
    async trigger(target: unknown, id: string, source: RunSource): Promise<void> {
        await this.#find(target).enqueue(id, source);
    }

    /** Dead letters, by action and id. */
    async failed({action, after, limit = DEFAULT_PAGE}: {readonly action?: unknown; readonly after?: string | undefined; readonly limit?: number | undefined}): Promise<readonly FailedAction[]> {
        checkPageLimit(limit);
        const runners = action === undefined ? this.all : [this.#find(action)];
        const found: FailedAction[] = [];
        const ofAll = await Promise.all(runners.map(async runner => (await runner.dead({after, limit})).map(task => toFailedAction(task, runner))));
        for (const failures of ofAll)
            found.push(...failures);
        return found.sort((a, b) => a.id < b.id ? -1 : 1).slice(0, limit);
    }

    /** @throws NotFoundError `UNKNOWN_TASK` */
    retry(id: string): Promise<void> {
        return this.#atDead(id, runner => runner.retry(id));
    }

    /** @throws NotFoundError `UNKNOWN_TASK` */
    discard(id: string): Promise<void> {
        return this.#atDead(id, runner => runner.discard(id));
    }

    async #atDead(id: string, act: (runner: ActionRunner) => Promise<void>): Promise<void> {
        for (const runner of this.all) {
            const isHere = await act(runner).then(() => true, (error: unknown) => {
                if (error instanceof NotFoundError)
                    return false;
                throw error;
            });
            if (isHere)
                return;
        }
        throw new NotFoundError(`There is no dead task '${id}'.`, {code: 'UNKNOWN_TASK'});
    }

    /** @param kind Keys of one kind and another never meet. @param run Gets an id that is the same for repetitions */
    async #once(kind: string, {compiled: {action}}: ActionRunner, {input, request}: AskedFor, key: string, run: (id: string) => Promise<unknown>): Promise<unknown> {
        const {name} = action;
        checkKey(key);
        // What is refused has not used its key.
        await validInput(action, input);
        const {outcome, answer} = await this.#keyed.run<{readonly result: unknown}, JsonValue>(await deriveUuid(`${kind}${name}`, key), {
            fingerprint: await deriveUuid('', encodeJson([name, input ?? null, request ? [request.method, request.path, request.query] : null])),
            execute: async idOf => ({result: await run(await idOf('task'))}),
            toAnswer: outcome => encodeResult(outcome, name),
            find: () => Promise.resolve(undefined)
        });
        return (outcome ?? decodeValue(answer) as {readonly result?: unknown}).result;
    }

    async #perform(runner: ActionRunner, journals: JournalPlace | undefined, id: string, input: unknown, request: ActionRequest | undefined): Promise<unknown> {
        return this.#calls.run(runner.work.attemptTimeoutMs, signal => runner.work.perform({id, attempt: 1, signal, journal: new Journal(journals, id)}, {
            input, request, event: undefined, message: undefined, cause: {id, correlationId: id}
        }));
    }

    /** Looked up in a map of what is registered, so that nothing inherited is ever found. @throws NotFoundError */
    #find(target: unknown): ActionRunner {
        const name = target instanceof Action ? target.name : target;
        const runner = typeof name === 'string' ? this.#runners.get(name) : undefined;
        if (runner === undefined || target instanceof Action && runner.compiled.action !== target)
            throw new NotFoundError(`There is no action '${typeof name === 'string' ? name : 'of that kind'}'.`, {code: 'UNKNOWN_ACTION'});
        return runner;
    }
}

/** What is kept of a result. It may be `undefined`, which is no value of JSON, but may be left out. */
function encodeResult(outcome: {readonly result: unknown}, name: string): JsonValue {
    try {
        return encodeValue(outcome);
    } catch (cause) {
        throw new WoltageError(`Action '${name}' has done its work, but what it returns can't be kept for the idempotency key: ${(cause as Error).message}`, 500, {code: 'INVALID_ACTION_RESULT', cause});
    }
}

/** @throws BadRequestError `INVALID_IDEMPOTENCY_KEY` */
function checkKey(key: unknown): void {
    if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH)
        throw new BadRequestError(`An idempotency key is a string of 1 to ${MAX_KEY_LENGTH} characters.`, {code: 'INVALID_IDEMPOTENCY_KEY'});
}

function toFailedAction({id, payload, attempts, error, failedAt}: DeadTask, {compiled: {action}}: ActionRunner): FailedAction {
    return {id, action: action.name, source: decodeValue(payload) as RunSource, attempts, error, failedAt};
}
