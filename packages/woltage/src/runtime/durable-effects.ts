import {runInContext, type ContextRuntime} from '../context/index.ts';
import {DurableSideEffect} from '../effects/index.ts';
import {isWoltageError} from '../errors/index.ts';
import type {Cause, Event} from '../events/index.ts';
import type {IStore} from '../ports/index.ts';
import type {Intent} from '../projections/index.ts';
import {cloneData} from '../shared/data.ts';
import {decodeValue, encodeValue} from '../shared/json-codec.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import {errorType, measuring, traced} from '../shared/telemetry.ts';
import {deriveUuid} from '../shared/uuid.ts';
import {openTasks, TaskQueue, type DeadTask, type RetryPolicy, type Task, type TaskRun, type TaskWork} from '../tasks/index.ts';
import {TaskEffects} from './task-effects.ts';

/** A durable side effect that has failed for good. */
export interface FailedEffect {
    /** Its idempotency key. */
    readonly id: string;
    /** The name that it was defined with. */
    readonly name: string;
    /** The name of the projection that asked for it. */
    readonly projection: string;
    readonly payload: unknown;
    readonly cause: Cause;
    readonly attempts: number;
    readonly error: {readonly message: string; readonly code?: string | undefined};
    /** In ms since the Unix epoch. */
    readonly failedAt: number;
}

type Order = Pick<Intent, 'key' | 'projection' | 'payload' | 'cause'>;

/** Tests don't wait long for an effect that hangs when they are over, in ms. */
const HARNESS_GRACE_MS = 200;
const KIND = 'effect/';
const DEFAULT_RETRY: RetryPolicy = {maxAttempts: 10, backoffMs: 1000, maxBackoffMs: 300_000, timeoutMs: 30_000};

const orderOf = (task: Task): Order => decodeValue(cloneData(task.payload)) as Order;

/** Runs the durable side effects of all projections from the task queue. */
export class DurableEffects implements TaskWork {
    readonly #store: IStore;
    readonly #queue: TaskQueue;
    readonly #runtime: ContextRuntime;
    /** Those that this runtime's projectors have called; others are found where they were defined. */
    readonly #learned = new Map<string, DurableSideEffect>();
    #state: 'resting' | 'waiting' | 'working' = 'resting';
    #starting: Promise<void> = Promise.resolve();

    constructor(internalStore: IStore, runtime: ContextRuntime, self: Self, log: Logger) {
        this.#store = internalStore.scope({namespace: '_woltage_tasks', tables: {}});
        this.#queue = new TaskQueue({store: this.#store, self, log, clock: runtime.clock, pollMs: runtime.clock && Infinity});
        this.#runtime = runtime;
    }

    async open(): Promise<void> {
        await this.#store.createTables();
    }

    /** Begins to work, where there is any durable side effect, and otherwise when there is one. */
    async start(): Promise<void> {
        this.#state = 'waiting';
        if (DurableSideEffect.isUsed)
            await this.#begin();
    }

    async stop(): Promise<void> {
        const wasWorking = this.#state === 'working';
        this.#state = 'resting';
        // Whoever has started it was told.
        await this.#starting.catch(() => undefined);
        if (wasWorking)
            await this.#queue.stop(this.#runtime.clock && HARNESS_GRACE_MS);
    }

    learn(effect: DurableSideEffect): void {
        this.#learned.set(effect.name, effect);
    }

    /** Takes durable side effects over that have been committed. */
    readonly accept = async (intents: readonly Intent[]): Promise<void> => {
        await this.#queue.enqueue(await Promise.all(intents.map(({name, key, projection, payload, cause}) => this.#taskOf(name, {key, projection, payload, cause}))));
        if (this.#state === 'waiting')
            await this.#begin();
    };

    policyOf(kind: string): RetryPolicy | undefined {
        const effect = this.#find(kind);
        return effect && {...DEFAULT_RETRY, ...effect.options.retry};
    }

    /** A message that no broker takes. */
    isFinal(error: Error): boolean {
        return isWoltageError(error) && error.code === 'INVALID_MESSAGE';
    }

    async run(task: Task, {attempt, signal}: TaskRun): Promise<void> {
        const {effect} = this.#find(task.kind) as DurableSideEffect;
        const order = orderOf(task);
        const {cause, key, payload, projection} = order;
        const effects = new TaskEffects(cause, key, async (inner, name, value) => {
            await this.#queue.enqueue([await this.#taskOf(name, {key: inner, projection, payload: value, cause})]);
        });
        const name = task.kind.slice(KIND.length);
        const attributes = {'woltage.effect': name};
        try {
            await traced('woltage.effect', () => ({...attributes, 'woltage.event_id': cause.id, 'woltage.attempt': attempt}), async () => {
                this.#runtime.onEffect?.({effect, name, args: [payload], attempt, isDurable: true, cause});
                await runInContext({runtime: this.#runtime, effects}, () => effect(payload, {idempotencyKey: task.id, attempt, signal, cause}));
                await effects.settle();
            });
            measuring()?.effects.add(1, attributes);
        } catch (error) {
            measuring()?.effects.add(1, {...attributes, 'error.type': errorType(error)});
            throw error;
        }
    }

    async onFinalFailure(task: Task, error: Error): Promise<void> {
        const {cause, key, payload} = orderOf(task);
        const effect = this.#find(task.kind) as DurableSideEffect;
        const emission = await effect.options.onFinalFailure?.({payload, error, attempts: task.attempts, cause});
        if (emission !== undefined) {
            const {aggregateName, events} = emission;
            await this.#runtime.emit(cause, `${key}.failed`, aggregateName, Array.isArray(events) ? events as readonly Event[] : [events as Event]);
        }
        measuring()?.deadLetters.add(1, {'woltage.effect': effect.name});
    }

    async failed(options: {readonly after?: string | undefined; readonly limit?: number | undefined}): Promise<readonly FailedEffect[]> {
        return (await this.#queue.deadTasks(options)).map(toFailedEffect);
    }

    /** The tasks that are neither done nor dead, the earliest first. */
    pending(): Promise<readonly Task[]> {
        return openTasks(this.#store);
    }

    retry(id: string): Promise<void> {
        return this.#queue.retryDead(id);
    }

    discard(id: string): Promise<void> {
        return this.#queue.discardDead(id);
    }

    #begin(): Promise<void> {
        if (this.#state === 'waiting') {
            this.#state = 'working';
            this.#starting = this.#queue.start(this);
        }
        return this.#starting;
    }

    #find(kind: string): DurableSideEffect | undefined {
        const name = kind.slice(KIND.length);
        return this.#learned.get(name) ?? DurableSideEffect.find(name);
    }

    async #taskOf(name: string, order: Order) {
        return {id: await deriveUuid(order.cause.id, order.key), kind: KIND + name, payload: encodeValue(order)};
    }
}

function toFailedEffect(task: DeadTask): FailedEffect {
    const {id, kind, attempts, error, failedAt} = task;
    const {projection, payload, cause} = orderOf(task);
    return {id, name: kind.slice(KIND.length), projection, payload, cause, attempts, error, failedAt};
}
