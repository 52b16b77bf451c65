import {Action, type ActionRequest, type HttpTrigger} from '../../actions/index.ts';
import {NotFoundError} from '../../errors/index.ts';
import type {JsonValue} from '../../shared/json-codec.ts';
import {decodeValue, encodeJson, encodeValue} from '../../shared/json-codec.ts';
import {deriveUuid, uuidV7} from '../../shared/uuid.ts';
import {GroupCommit, KeyedWork, type DeadTask} from '../../tasks/index.ts';
import type {IStore} from '../../ports/index.ts';
import {ActionRunner, type RunnerParts} from './action-runner.ts';
import type {CompiledAction} from './compiled-action.ts';
import {Journal, type JournalPlace} from './journal.ts';
import type {RunSource} from './run-source.ts';

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

/** A request that an action answers. */
export interface ActionRoute {
    readonly action: Action;
    readonly trigger: HttpTrigger;
}

const DEFAULT_PAGE = 100;

/** The actions of one runtime. */
export class Actions {
    readonly #runners: ReadonlyMap<string, ActionRunner>;
    readonly #requests: IStore;
    readonly #keyed: KeyedWork;
    readonly #commits: GroupCommit;

    /** @param keepMs How long answers to requests with idempotency keys are kept */
    constructor(compiled: Iterable<CompiledAction>, parts: RunnerParts, keepMs: number) {
        this.#runners = new Map(Array.from(compiled, one => [one.action.name, new ActionRunner(one, parts)]));
        this.#requests = parts.taskStore.scope({namespace: '_woltage_requests', tables: {}});
        this.#commits = new GroupCommit(this.#requests);
        this.#keyed = new KeyedWork(this.#requests, parts.self, parts.log, keepMs);
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

    async start(): Promise<void> {
        await Promise.all(this.all.map(runner => runner.start()));
    }

    async stop(): Promise<void> {
        await Promise.all(this.all.map(runner => runner.stop()));
    }

    /** Runs an action's handler now, once for an idempotency key. @throws whatever it throws */
    async execute(target: unknown, input: unknown, {idempotencyKey, request}: ActionCall): Promise<unknown> {
        const runner = this.#find(target);
        const {name} = runner.compiled.action;
        if (idempotencyKey === undefined)
            return this.#perform(runner, undefined, uuidV7(), input, request);
        const {outcome, answer} = await this.#keyed.run<{readonly result: unknown}, JsonValue>(`${name}/${idempotencyKey}`, {
            fingerprint: await deriveUuid('', encodeJson([name, input ?? null])),
            execute: async idOf => ({result: await this.#perform(runner, {store: this.#requests, commits: this.#commits}, await idOf('task'), input, request)}),
            toAnswer: ({result}) => encodeValue(result),
            find: () => Promise.resolve(undefined)
        });
        return outcome === undefined ? decodeValue(answer) : outcome.result;
    }

    /** Queues a run of an action. @returns Its id */
    async enqueue(target: unknown, input: unknown, {idempotencyKey, request, dueAt}: ActionCall): Promise<string> {
        const runner = this.#find(target);
        const id = idempotencyKey === undefined ? uuidV7() : await deriveUuid(runner.compiled.action.name, idempotencyKey);
        await runner.enqueue(id, {by: 'call', input, request}, dueAt);
        return id;
    }

    /** Dead letters, by action and id. */
    async failed({action, after, limit = DEFAULT_PAGE}: {readonly action?: unknown; readonly after?: string | undefined; readonly limit?: number | undefined}): Promise<readonly FailedAction[]> {
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

    async #perform(runner: ActionRunner, journals: JournalPlace | undefined, id: string, input: unknown, request: ActionRequest | undefined): Promise<unknown> {
        return runner.work.perform({id, attempt: 1, signal: AbortSignal.timeout(runner.work.attemptTimeoutMs), journal: new Journal(journals, id)}, {
            input, request, event: undefined, message: undefined, cause: {id, correlationId: id}
        });
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

function toFailedAction({id, payload, attempts, error, failedAt}: DeadTask, {compiled: {action}}: ActionRunner): FailedAction {
    return {id, action: action.name, source: decodeValue(payload) as RunSource, attempts, error, failedAt};
}
