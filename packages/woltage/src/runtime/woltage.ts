import type {Aggregate} from '../aggregates/index.ts';
import {currentContext, runInContext, type ContextRuntime} from '../context/index.ts';
import {publishEffect, type DurableSideEffect} from '../effects/index.ts';
import {UnavailableError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import {defaultTuning, ProjectionCare, ProjectionService} from '../projections/index.ts';
import {ReadModelRegistry, type ReadModel} from '../read-models/index.ts';
import {silentLogger, type Logger} from '../shared/logger.ts';
import {Mutex} from '../shared/mutex.ts';
import {findTelemetry} from '../shared/telemetry.ts';
import {ActionControl} from './action-control.ts';
import type {Actions} from './actions/actions.ts';
import {createActions} from './actions/create-actions.ts';
import {createAdapters, type Adapters} from './adapters.ts';
import {createCommandParts, type CommandParts} from './command-parts.ts';
import type {WoltageConfig} from './config.ts';
import {decisionParts, type DecisionParts} from './decision-control.ts';
import {DeclaredProjections} from './declared-projections.ts';
import type {Definitions} from './definitions.ts';
import {DurableEffects} from './durable-effects.ts';
import {emitEvents} from './emission.ts';
import type {EventParts} from './event-control.ts';
import {EventPublisher} from './event-publisher.ts';
import {checkHealth, type Health} from './health.ts';
import {InFlight} from './in-flight.ts';
import {Insides} from './insides.ts';
import {observeProjections, observeQuery} from './observe.ts';
import {publisherOf} from './messages/outgoing.ts';
import {Publications} from './messages/publications.ts';
import {PersonalData, type Reveal} from './personal/personal-data.ts';
import type {ProjectionParts} from './projection-control.ts';
import {createScheduled, scheduleContext, type ScheduleParts} from './scheduled/create-scheduled.ts';
import {createSelf} from './self.ts';
import {startAll, stopAll, type Stage} from './stages.ts';
import {guardAgainstStrayRejections} from './stray-rejections.ts';
import type {HandlerOf, QueryHandlerName, QueryOptions} from '../shared/query-types.ts';

const DEFAULT_WAIT_MS = 5000;
const DEFAULT_PROBE_MS = 2000;

type Phase = 'created' | 'started' | 'stopping' | 'stopped';

/** A running application: made by {@link createWoltage}. */
export class Woltage extends ActionControl {
    readonly #adapters: Adapters;
    readonly #readModels: ReadModelRegistry;
    readonly #projections: ProjectionService;
    /** @internal */
    protected override readonly commandParts: CommandParts;
    /** @internal */
    protected override readonly decisionParts: DecisionParts;
    /** @internal */
    protected override readonly scheduleParts: ScheduleParts;
    /** @internal */
    protected override readonly eventParts: EventParts;
    /** @internal */
    protected override readonly projectionParts: ProjectionParts;
    /** @internal */
    protected override readonly publications: Publications;
    /** @internal */
    protected override readonly personalData: PersonalData | undefined;
    /** @internal */
    protected override readonly actions: Actions;
    readonly #effects: DurableEffects;
    readonly #runtime: ContextRuntime;
    readonly #stages: readonly Stage[];
    /** @internal */
    readonly insides: Insides;
    readonly #inFlight = new InFlight();
    readonly #lifecycle = new Mutex();
    readonly #log: Logger;
    #unguard = (): void => undefined;
    #unobserve = (): void => undefined;
    #phase: Phase = 'created';

    /** @internal Use {@link createWoltage}. */
    constructor(config: WoltageConfig, definitions: Definitions) {
        super();
        findTelemetry();
        const log = this.#log = config.logger ?? silentLogger;
        this.#adapters = createAdapters(config);
        const {internalStore, keyStore, stores} = this.#adapters;
        const {catalogue, projectors, readModels} = definitions;
        this.personalData = PersonalData.of(catalogue.classes, {keyStore, log, onForgotten: () => this.commandParts.dropStates()});
        const eventStore = this.personalData?.protect(this.#adapters.eventStore) ?? this.#adapters.eventStore;
        const self = createSelf();
        this.#runtime = {
            ...config.harness,
            readModel: readModelClass => this.#readModels.get(readModelClass).readModel,
            activeStore: name => this.#projections.activeParts(name).store,
            stateOf: (target, idOrInput) => this.stateOf(target as Aggregate, idOrInput as string),
            stateAt: (target, idOrInput, at) => this.stateAt(target as Aggregate, idOrInput as string, at),
            executeCommand: (...args) => this.executeCommand(...args as Parameters<Woltage['executeCommand']>),
            decide: (...args) => this.decide(...args as Parameters<Woltage['decide']>),
            ...scheduleContext(() => this.scheduleParts),
            emit: (...args) => emitEvents(eventStore, catalogue, ...args),
            publish: publisherOf(this.#adapters.messageBroker),
            learnEffect: effect => this.#effects.learn(effect as DurableSideEffect)
        };
        this.commandParts = createCommandParts(config, definitions, {...this.#adapters, eventStore}, {runtime: this.#runtime, self, log});
        this.eventParts = {eventStore, adapter: this.#adapters.eventStore, definitions, publisher: new EventPublisher(eventStore, catalogue, this.commandParts)};
        this.decisionParts = decisionParts(eventStore, definitions);
        this.scheduleParts = createScheduled({
            commandParts: this.commandParts, decisions: this.decisionParts.executor, findDecision: target => this.findDecision(target), decide: (...args) => this.execute(...args),
            eventStore, internalStore, runtime: this.#runtime, self, log, keepMs: config.idempotencyKeepMs
        });
        this.#effects = new DurableEffects(internalStore, this.#runtime, self, log);
        if (config.messageBroker !== undefined)
            this.#effects.learn(publishEffect());
        const reveal: Reveal = async records => this.personalData?.reveal(records) ?? records;
        this.publications = new Publications(config, catalogue, this.#adapters, reveal, self);
        this.actions = createActions({
            config, definitions, adapters: this.#adapters, eventStore, runtime: this.#runtime, self, log, commands: this.commandParts, effects: this.#effects,
            reveal,
            findDecision: target => this.findDecision(target),
            decide: (compiled, input, context, cause, idAt) => this.execute(compiled, {input, context, cause, idAt}),
            query: (...args) => this.executeQuery(...args as Parameters<Woltage['executeQuery']>)
        });
        const sources = new Map<unknown, string>(readModels.map(({value, source}) => [value, source]));
        this.#readModels = new ReadModelRegistry(readModels.map(({value}) => value), this.#runtime, c => sources.get(c) ?? c.name);
        this.#projections = new ProjectionService({
            eventStore, catalogue, projectors, stores, log, self, runtime: this.#runtime, intents: this.#effects.accept,
            internalStore: internalStore.scope({namespace: '_woltage', tables: {}}),
            tuning: {...defaultTuning, ...config.projectionTuning}
        });
        this.#stages = [this.scheduleParts.scheduled, this.#effects, this.#projections, this.publications, this.actions];
        this.insides = new Insides({
            definitions, catalogue, eventStore, service: this.#projections, effects: this.#effects, scheduled: this.scheduleParts.scheduled, actions: this.actions,
            publications: this.publications, inFlight: this.#inFlight, clock: config.harness?.clock
        });
        this.projectionParts = {
            service: this.#projections, effects: this.#effects,
            care: new ProjectionCare(this.#projections.set, eventStore, log),
            declared: config.projections && new DeclaredProjections(config.projections, this.#projections, projectors, log)
        };
    }

    /**
     * Asks a read model. Its name is the class's, in any case.
     *
     * @param context Handed to the handler as its second parameter
     * @throws NotFoundError `UNKNOWN_READ_MODEL`, `UNKNOWN_HANDLER`
     * @throws ValidationError `VALIDATION_FAILED` when the query doesn't match the handler's schema
     * @throws UnavailableError `PROJECTION_NOT_ACTIVE`, `POSITION_TIMEOUT`, `STOPPED`
     */
    executeQuery<Result = unknown>(readModelName: string, handlerName: string, query?: unknown, context?: object, options?: QueryOptions): Promise<Result>;
    executeQuery<T extends ReadModel, Name extends QueryHandlerName<T>>(
        readModel: new () => T, handlerName: Name, query: HandlerOf<T, Name>['query'], context?: object, options?: QueryOptions
    ): Promise<HandlerOf<T, Name>['result']>;
    async executeQuery(readModel: unknown, handlerName: string, query?: unknown, context: object = {}, {after, timeoutMs = DEFAULT_WAIT_MS}: QueryOptions = {}): Promise<unknown> {
        return this.run(async () => {
            if (after !== undefined) {
                const {projectionName} = this.#readModels.get(readModel).readModel;
                await this.#projections.activeParts(projectionName).work.reached(after, timeoutMs);
            }
            const stores = new Map<string, IStore>();
            return observeQuery(readModel, handlerName, () =>
                runInContext({runtime: this.#runtime, stores}, () => this.#readModels.query(readModel, handlerName, query, context)));
        });
    }

    /** Starts the projections. Repeated calls do nothing; works again after `stop`. */
    async start(): Promise<void> {
        await this.#lifecycle.run(async () => {
            if (this.#phase === 'started')
                return;
            if (this.#phase === 'stopped')
                await this.#open();
            await startAll(this.#stages);
            this.#unobserve = observeProjections(() => this.#projections.set.all());
            this.#phase = 'started';
            await this.projectionParts.declared?.reconcile();
        });
    }

    /**
     * Stops gracefully: refuses new calls, lets handlers, commands and queries that are under way finish, and closes every
     * connection. Nothing of Woltage keeps the process alive then. Repeated calls do nothing.
     */
    async stop(): Promise<void> {
        // At once, not when it is its turn: nothing new is taken on from here.
        if (this.#phase !== 'stopped')
            this.#phase = 'stopping';
        await this.#lifecycle.run(async () => {
            if (this.#phase === 'stopped')
                return;
            this.#phase = 'stopping';
            try {
                await this.projectionParts.declared?.stop();
                await stopAll(this.#stages);
                await this.#inFlight.idle();
                await this.commandParts.taker.stop();
            } finally {
                this.#phase = 'stopped';
                this.#unguard();
                this.#unobserve();
                await this.#projections.set.close();
                await this.personalData?.close();
                await this.#adapters.close();
            }
        });
    }

    /**
     * How things stand, for probes: `status` is `up`, `degraded` or `down`. Asks every database. Never rejects.
     *
     * @param timeoutMs How long a database may take to answer. @default 2000
     */
    async health({timeoutMs = DEFAULT_PROBE_MS}: {readonly timeoutMs?: number} = {}): Promise<Health> {
        return checkHealth(this.#adapters, this.#projections.set.all(), this.publications.health, this.#phase === 'started', timeoutMs);
    }

    /** @internal Connects and restores what is registered. */
    async open(): Promise<this> {
        try {
            await this.#open();
        } catch (error) {
            await this.personalData?.close();
            await this.#adapters.close();
            throw error;
        }
        return this;
    }

    async #open(): Promise<void> {
        await this.#adapters.connect();
        await this.#adapters.internalStore.scope({namespace: '_woltage', tables: {}}).createTables();
        await Promise.all(this.commandParts.scopes.map(scope => scope.createTables()));
        await this.personalData?.open();
        await Promise.all([this.#effects.open(), this.scheduleParts.open(), this.actions.open()]);
        await this.#projections.set.open();
        this.#unguard = guardAgainstStrayRejections(this.#runtime, error =>
            this.#log.error({err: error}, 'A promise was rejected and nobody handled it: a handler or an effect has left it to itself'));
        this.#phase = 'created';
    }

    /** Not async: on a hot path every promise counts. */
    protected override run<R>(task: () => Promise<R>): Promise<R> {
        try {
            const inside = currentContext()?.runtime === this.#runtime;
            if (this.#phase === 'stopped' || this.#phase === 'stopping' && !inside)
                throw new UnavailableError('This Woltage instance is stopped.', {code: 'STOPPED'});
            return inside ? task() : this.#inFlight.track(task());
        } catch (error) {
            return Promise.reject(error);
        }
    }
}
