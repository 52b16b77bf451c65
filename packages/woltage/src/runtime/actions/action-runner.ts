import {ConfigError, UnavailableError} from '../../errors/index.ts';
import type {IEventStore, IMessageBroker, IStore} from '../../ports/index.ts';
import type {EventCatalogue} from '../../events/index.ts';
import {inBackground} from '../../shared/background.ts';
import {systemClock, type Clock} from '../../shared/clock.ts';
import {encodeValue} from '../../shared/json-codec.ts';
import {withDetails, type Logger} from '../../shared/logger.ts';
import type {Self} from '../../shared/owner.ts';
import {openTasks, TaskQueue, WorkLease, type DeadTask, type Task, type TaskWork} from '../../tasks/index.ts';
import type {AttemptParts} from './action-attempt.ts';
import {ActionTasks} from './action-tasks.ts';
import {ActionWork} from './action-work.ts';
import type {CompiledAction} from './compiled-action.ts';
import {EventReader} from './event-reader.ts';
import {LetterWork} from './message-letters.ts';
import {MessageReader} from './message-reader.ts';
import {RUN, type RunSource} from './run-source.ts';
import {ScheduleTicker} from './schedule-ticker.ts';

export interface RunnerParts {
    /** With personal fields encrypted: in the clear they don't belong into a queue. */
    readonly eventStore: IEventStore;
    readonly catalogue: EventCatalogue;
    /** Where the work of actions is kept. */
    readonly taskStore: IStore;
    readonly messageBroker: IMessageBroker | undefined;
    readonly self: Self;
    readonly log: Logger;
    readonly attempt: AttemptParts;
}

const DEFAULT_CONCURRENCY = 100;

/** One action at work: its queue, and what fills it. */
export class ActionRunner {
    readonly compiled: CompiledAction;
    readonly work: ActionWork;
    readonly store: IStore;
    readonly #queue: TaskQueue;
    readonly #events: EventReader | undefined;
    readonly #messages: MessageReader | undefined;
    readonly #tasks: TaskWork;
    readonly #self: Self;
    readonly #log: Logger;
    readonly #schedules: ScheduleTicker | undefined;
    readonly #clock: Clock;
    /** Aborted where it isn't at work. */
    #abort = new AbortController();
    #loops: readonly Promise<void>[] = [];
    /** Whether its schedules have been looked at since it was started. */
    #hasBegun = false;

    /** @throws ConfigError `BROKER_MISSING`, `TRIGGER_INVALID` */
    constructor(compiled: CompiledAction, parts: RunnerParts) {
        const {name, options} = compiled.action;
        const {catalogue, eventStore, self, taskStore, attempt: {runtime: {clock}}} = parts;
        const log = withDetails(parts.log, {action: name});
        this.#abort.abort();
        this.compiled = compiled;
        this.#self = self;
        this.#clock = clock ?? systemClock;
        this.#log = log;
        this.store = taskStore.scope({namespace: `_woltage_action/${name}`, tables: {}});
        this.work = new ActionWork(compiled, parts.attempt, this.store);
        this.#queue = new TaskQueue({
            store: this.store, self, log, clock, pollMs: clock && Infinity, concurrency: options.concurrency ?? DEFAULT_CONCURRENCY, ordered: options.ordered ?? false
        });
        this.#events = compiled.events && new EventReader({compiled, queue: this.#queue, store: this.store, eventStore, catalogue, log});
        const broker = compiled.action.triggers.some(({kind}) => kind === 'message') ? brokerFor(name, parts.messageBroker) : undefined;
        this.#messages = broker && new MessageReader({action: compiled.action, queue: this.#queue, store: this.store, broker, log});
        this.#tasks = broker === undefined ? this.work : new ActionTasks(this.work, new LetterWork(broker, log, options.ordered ?? false));
        this.#schedules = ScheduleTicker.isNeeded(compiled.action)
            ? new ScheduleTicker({action: compiled.action, queue: this.#queue, store: this.store, clock: this.#clock, log})
            : undefined;
    }

    /** How far it has got in the event store, as this process knows. */
    get position(): bigint | undefined {
        return this.#events?.position;
    }

    /** Whether events up to a position may still trigger it, as far as it is at work here. */
    isBehind(head: bigint): boolean {
        return this.#events !== undefined && !this.#abort.signal.aborted && (this.#events.position ?? -1n) < head;
    }

    /** Whether times that have come may still trigger it, as far as it is at work here. */
    get isFiring(): boolean {
        return this.#schedules !== undefined && !this.#abort.signal.aborted && (!this.#hasBegun || this.#schedules.isFiring);
    }

    /** How many messages wait in its topics, as far as it is at work here, and the broker can be asked. */
    async waiting(): Promise<bigint> {
        if (this.#messages === undefined || this.#abort.signal.aborted)
            return 0n;
        return this.#messages.waiting().catch((error: unknown) => {
            if (error instanceof UnavailableError)
                return 0n;
            throw error;
        });
    }

    async open(): Promise<void> {
        await this.store.createTables();
    }

    /** When it resolves, what happens from then on counts for triggers `from: 'now'`. */
    async start(): Promise<void> {
        this.#abort = new AbortController();
        this.#hasBegun = false;
        const thereSince = this.#clock.now();
        await this.#events?.prepare();
        await this.#queue.start(this.#tasks);
        this.#loops = [
            ...this.#events === undefined ? [] : [this.#alone('events', this.#events.follow.bind(this.#events))],
            ...this.#schedules === undefined ? [] : [this.#alone('schedules', signal => this.#tick(signal, thereSince))],
            ...this.#messages === undefined ? [] : [this.#messages.run(this.#abort.signal)]
        ];
        await this.#messages?.settled(this.#abort.signal);
    }

    /** @param graceMs How long it waits for what is running */
    async stop(graceMs: number): Promise<void> {
        this.#abort.abort();
        await Promise.all([...this.#loops, this.#queue.stop(graceMs)]);
    }

    /** @param id Known ids are not queued again. @param rememberMs How long the id is known at least, when the run is over. @default an hour */
    async enqueue(id: string, source: RunSource, {dueAt, rememberMs}: {readonly dueAt?: number | undefined; readonly rememberMs?: number | undefined} = {}): Promise<void> {
        await this.#queue.enqueue([{id, kind: RUN, payload: encodeValue(source), rememberMs, ...dueAt !== undefined && {dueAt}}]);
    }

    pending(): Promise<readonly Task[]> {
        return openTasks(this.store);
    }

    dead(options: {readonly after?: string | undefined; readonly limit?: number | undefined}): Promise<readonly DeadTask[]> {
        return this.#queue.deadTasks(options);
    }

    /** @throws NotFoundError `UNKNOWN_TASK` */
    retry(id: string): Promise<void> {
        return this.#queue.retryDead(id);
    }

    /** @throws NotFoundError `UNKNOWN_TASK` */
    discard(id: string): Promise<void> {
        return this.#queue.discardDead(id);
    }

    async #tick(signal: AbortSignal, thereSince: number): Promise<void> {
        const ticking = this.#schedules?.run(signal, thereSince);
        this.#hasBegun = true;
        await ticking;
    }

    /** Has one process at a time do something, until the action stops. */
    #alone(key: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
        const lease = new WorkLease({store: this.store, key: `lease/${key}`, self: this.#self, log: this.#log});
        const loop = lease.run(work, this.#abort.signal);
        inBackground(loop, err => this.#log.error({err}, 'What triggers an action has ended'));
        return loop;
    }
}

function brokerFor(action: string, broker: IMessageBroker | undefined): IMessageBroker {
    if (broker === undefined)
        throw new ConfigError(`Action '${action}' takes messages: it needs a \`messageBroker\` in the config.`, {code: 'BROKER_MISSING'});
    return broker;
}
