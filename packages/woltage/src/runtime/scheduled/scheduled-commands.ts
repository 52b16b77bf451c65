import {runInContext, type ContextRuntime, type ScheduleCall} from '../../context/index.ts';
import type {IStore} from '../../ports/index.ts';
import {systemClock, type Clock} from '../../shared/clock.ts';
import {decodeValue, encodeValue} from '../../shared/json-codec.ts';
import type {Logger} from '../../shared/logger.ts';
import type {Self} from '../../shared/owner.ts';
import {deriveUuid} from '../../shared/uuid.ts';
import {cancelTask, changeTask, isRefusal, openTasks, TaskQueue, waitingTasks, type NewTask, type RetryPolicy, type Task, type TaskWork} from '../../tasks/index.ts';
import {fromPlain, isKnownKind, kindOf, readOrder, toPlain, validateOrder, type OrderLookup, type PlainOrder} from './command-order.ts';
import type {OrderExecution} from './order-execution.ts';
import {executionTime, idOfCall} from './schedule-call.ts';
import {keptOf, toFailed, toScheduled, type FailedCommand, type HandlerPlan, type PreparedOrder, type ScheduledCommand} from './scheduled-command.ts';

interface ScheduledCommandsOptions {
    readonly store: IStore;
    readonly lookup: OrderLookup;
    readonly execution: OrderExecution;
    readonly runtime: ContextRuntime;
    readonly self: Self;
    readonly log: Logger;
    /** How long an id is remembered, in ms. */
    readonly keepMs: number;
}

/** What a handler schedules for now doesn't begin before its events are appended: it waits for that, or for so long where the process dies, in ms. */
const HOLD_MS = 5000;
/** How often it is held up anew while the events are being appended, in ms. */
export const PROLONG_MS = HOLD_MS / 2;
const HARNESS_GRACE_MS = 200;
/** Commands that run at a time in a process. */
const CONCURRENCY = 100;
const RETRY: RetryPolicy = {maxAttempts: 10, backoffMs: 1000, maxBackoffMs: 300_000, timeoutMs: 60_000};

/** Has commands and decisions executed at their time, by one process of all, once. */
export class ScheduledCommands implements TaskWork {
    readonly #options: ScheduledCommandsOptions;
    readonly #clock: Clock;
    readonly #queue: TaskQueue;
    readonly #unknown = new Set<string>();
    #isWorking = false;

    constructor(options: ScheduledCommandsOptions) {
        this.#options = options;
        const {store, self, log, runtime, keepMs} = options;
        this.#clock = runtime.clock ?? systemClock;
        this.#queue = new TaskQueue({store, self, log, clock: runtime.clock, concurrency: CONCURRENCY, pollMs: runtime.clock && Infinity, rememberMs: keepMs});
    }

    async start(): Promise<void> {
        this.#isWorking = true;
        await this.#queue.start(this);
    }

    /** Waits for what is running as long as that may take: what has begun is not given back. */
    async stop(): Promise<void> {
        if (this.#isWorking)
            await this.#queue.stop(this.#options.runtime.clock === undefined ? RETRY.timeoutMs : HARNESS_GRACE_MS);
        this.#isWorking = false;
    }

    /**
     * @returns Its id
     * @throws NotFoundError, ValidationError, BadRequestError `INVALID_DATE`, `INVALID_TASK_ID`, `NOT_ENCODABLE`
     */
    async schedule(call: ScheduleCall): Promise<string> {
        const prepared = await this.prepare(call);
        await this.#queue.enqueue([this.#taskOf(prepared)]);
        return prepared.id;
    }

    /** Checks what is to be scheduled. @throws what {@link schedule} does */
    async prepare({executeAt, args, id, cause}: ScheduleCall): Promise<PreparedOrder> {
        const at = executionTime(executeAt);
        const {order, rest} = readOrder(args, this.#options.lookup);
        // Copied at once: the caller may change it.
        const plain = decodeValue(encodeValue(toPlain(order))) as PlainOrder;
        const [ownId] = await Promise.all([idOfCall(rest, id), validateOrder(order)]);
        return {id: ownId ?? this.#clock.newId(), kind: kindOf(plain), order: {...plain, executeAt: at}, cause};
    }

    /** Takes it back, unless it has begun, in whatever process. */
    cancel(id: string): Promise<boolean> {
        return cancelTask(this.#options.store, id, ({attempts}) => attempts === 0);
    }

    /** Writes down what a handler has asked for. What is due soon is held up until {@link release}. What others hold under the same id is held together with them. */
    async hold(plan: HandlerPlan): Promise<void> {
        const {mark} = plan;
        const tasks = heldBy(plan).map(prepared => this.#taskOf({...prepared, order: {...prepared.order, marks: [mark]}}, this.#clock.now() + HOLD_MS));
        if (tasks.length === 0 || await this.#queue.enqueue(tasks) === tasks.length)
            return;
        for (const task of tasks)
            await this.#put(task, waiting => {
                const {marks} = keptOf(waiting);
                return marks === undefined || marks.includes(mark) ? undefined : this.#marked(waiting, task, [...marks, mark]);
            });
    }

    /** The handler's events are still being appended. Never rejects. */
    async prolong(plan: HandlerPlan): Promise<void> {
        await this.#try('What a handler has scheduled may begin before its events are there', heldBy(plan).map(({id, order: {executeAt}}) =>
            () => changeTask(this.#options.store, id, waiting => hasMark(waiting, plan.mark) && waiting.attempts === 0 ? {...waiting, dueAt: Math.max(executeAt, this.#clock.now() + HOLD_MS)} : undefined)));
    }

    /** The handler's events are there: so is what it has asked for, whatever becomes of others that have asked for the same. Never rejects: what is held up comes a little later then. */
    async release(plan: HandlerPlan): Promise<void> {
        const {store} = this.#options;
        const {mark, orders, replacements, cancelled} = plan;
        await this.#try('What a handler has scheduled comes late, or wasn\'t cancelled', [
            // What is gone was cancelled meanwhile.
            ...orders.map(order => () => changeTask(store, order.id, waiting => hasMark(waiting, mark) ? this.#marked(waiting, this.#taskOf(order), undefined) : undefined)),
            ...replacements.map(({order, standIn}) => async () => {
                const task = this.#taskOf(order);
                await this.#put(task, waiting => waiting.attempts === 0 ? this.#replaced(waiting, task) : undefined);
                await cancelTask(store, standIn, waiting => hasMark(waiting, mark));
            }),
            ...cancelled.map(id => () => this.cancel(id)),
            // Has it look.
            () => this.#queue.enqueue([])
        ]);
    }

    /** The handler's events were refused: what nobody else asks for is gone. Never rejects. */
    async takeBack(plan: HandlerPlan): Promise<void> {
        const {mark} = plan;
        await this.#try('What a handler had scheduled before its events were refused could not be cancelled: it will be decided by the state then',
            heldBy(plan).map(({id}) => () => changeTask(this.#options.store, id, waiting => {
                const others = keptOf(waiting).marks?.filter(other => other !== mark);
                if (!hasMark(waiting, mark))
                    return undefined;
                return others?.length === 0 ? null : {...waiting, payload: encodeValue({...keptOf(waiting), marks: others})};
            })));
    }

    /** The tasks that are neither done nor dead, the earliest first. */
    pending(): Promise<readonly Task[]> {
        return openTasks(this.#options.store);
    }

    async waiting(options: {readonly after?: string | undefined; readonly limit?: number | undefined}): Promise<readonly ScheduledCommand[]> {
        return (await waitingTasks(this.#options.store, options)).map(toScheduled);
    }

    async failed(options: {readonly after?: string | undefined; readonly limit?: number | undefined}): Promise<readonly FailedCommand[]> {
        return (await this.#queue.deadTasks(options)).map(toFailed);
    }

    retry(id: string): Promise<void> {
        return this.#queue.retryDead(id);
    }

    discard(id: string): Promise<void> {
        return this.#queue.discardDead(id);
    }

    /** What isn't known here may be known to a process with a newer version of the application. */
    policyOf(kind: string): RetryPolicy | undefined {
        if (isKnownKind(kind, this.#options.lookup))
            return RETRY;
        if (!this.#unknown.has(kind)) {
            this.#unknown.add(kind);
            this.#options.log.warn({kind}, 'A scheduled command is due that isn\'t known here: it is left to other instances');
        }
        return undefined;
    }

    async run(task: Task): Promise<void> {
        const {lookup, execution, runtime} = this.#options;
        const kept = keptOf(task);
        // An id may be used again one day.
        const key = await deriveUuid('scheduled', `${task.id}@${task.queuedAt}`);
        await runInContext({runtime}, () => execution.execute(key, fromPlain(kept, lookup), kept.cause));
    }

    async onFinalFailure(): Promise<void> {
        // The dead letter says it all.
    }

    isFinal(error: Error): boolean {
        return isRefusal(error);
    }

    /** @param earliest Before this it isn't to begin */
    #taskOf({id, kind, order, cause}: PreparedOrder, earliest = 0): NewTask {
        return {id, kind, payload: encodeValue({...order, cause}), dueAt: Math.max(order.executeAt, earliest)};
    }

    /** Queues a task, or changes the one that waits under its id. */
    async #put(task: NewTask, to: (waiting: Task) => Task | undefined): Promise<void> {
        while (await changeTask(this.#options.store, task.id, to) === 'unknown')
            await this.#queue.enqueue([task]);
    }

    /** What has begun stays what it is. */
    #marked(waiting: Task, task: NewTask, marks: readonly string[] | undefined): Task {
        const changed = waiting.attempts === 0 ? this.#replaced(waiting, task) : waiting;
        return {...changed, payload: encodeValue({...keptOf(changed), marks})};
    }

    #replaced(waiting: Task, {kind, payload, dueAt = waiting.dueAt}: NewTask): Task {
        const now = this.#clock.now();
        return {...waiting, kind, payload, dueAt, queuedAt: now, since: Math.max(dueAt, now)};
    }

    async #try(message: string, steps: readonly (() => Promise<unknown>)[]): Promise<void> {
        for (const step of steps)
            await step().catch((err: unknown) => this.#options.log.warn({err}, message));
    }
}

/** What is to be executed by the time a handler's events are there. */
const heldBy = ({orders, replacements}: HandlerPlan): readonly PreparedOrder[] => [...orders, ...replacements.map(({order, standIn}) => ({...order, id: standIn}))];
const hasMark = (task: Task, mark: string): boolean => keptOf(task).marks?.includes(mark) === true;
