import type {ContextRuntime} from '../context/index.ts';
import {EventHandlers, handlerEntries, type EventCatalogue} from '../events/index.ts';
import type {IEventStore, IStore} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import {BatchRunner} from './batch-runner.ts';
import {sliceKey} from './checkpoint.ts';
import {HoldObserver} from './hold-observer.ts';
import type {Instances} from './instances.ts';
import type {NameStates} from './name-states.ts';
import type {IntentSink} from './outbox.ts';
import {PARTITION_OF_AGGREGATE, partitionBy, partitionOfAggregate, type PartitionKey, type PartitionOf} from './partitions.ts';
import {Projection} from './projection.ts';
import type {ProjectionDefinition} from './projection-definitions.ts';
import {ProjectionWork, SliceShare} from './projection-work.ts';
import {ProjectionWorker} from './projection-worker.ts';
import {Projector, type ProjectorClass} from './projector.ts';
import type {Registry} from './registry.ts';
import type {ReplayTurns} from './replay-turns.ts';
import type {BoundHandler} from './runner-options.ts';
import type {ProjectionTuning} from './tuning.ts';

export interface ProjectionDependencies {
    readonly eventStore: IEventStore;
    readonly catalogue: EventCatalogue;
    readonly runtime: ContextRuntime;
    readonly tuning: ProjectionTuning;
    readonly log: Logger;
    readonly self: Self;
    readonly intents: IntentSink;
    readonly registry: Registry;
    readonly states: NameStates;
    readonly instances: Instances;
    readonly turns: ReplayTurns;
    /** Called when a slice has been taken over. */
    readonly onTaken: () => void;
}

/** What there is of a projection where its projector and store are known. */
export interface ProjectionParts {
    readonly work: ProjectionWork;
    readonly hold: HoldObserver;
    /** The projection's tables, as read models see them. */
    readonly store: IStore;
}

/** A registered projection of this process. */
export interface ProjectionEntry {
    readonly definition: ProjectionDefinition;
    readonly projection: Projection;
    /** `undefined` when this process doesn't know the projector (in this form) or the store. */
    readonly parts: ProjectionParts | undefined;
    /** The projection's rows and records without its tables' definitions; `undefined` when this process doesn't know the store. */
    readonly data: IStore | undefined;
}

export function createEntry(
    definition: ProjectionDefinition,
    projectorClass: ProjectorClass | undefined,
    adapter: IStore | undefined,
    dependencies: ProjectionDependencies
): ProjectionEntry {
    const {name, version, partitions} = definition;
    const parts = projectorClass === undefined || adapter === undefined || (projectorClass.partitions ?? 1) !== partitions
        ? undefined
        : createParts(definition, projectorClass, adapter, dependencies);
    const isActive = (): boolean => dependencies.states.get(name).active === version;
    const data = adapter?.scope({namespace: `${name}@${version}`, tables: {}});
    return {definition, projection: new Projection(definition, parts?.work, isActive), parts, data};
}

function createParts(
    definition: ProjectionDefinition, projectorClass: ProjectorClass, adapter: IStore, dependencies: ProjectionDependencies
): ProjectionParts {
    const {name, version, partitions} = definition;
    const hold = new HoldObserver({...dependencies, name, version});
    const share = new SliceShare(partitions, dependencies.instances);
    const slices = {hold, share, partitions: partitionBy(partitions, projectorClass.partitionBy as PartitionKey | undefined)};
    const workers = Array.from({length: partitions}, (_, slice) => createWorker(definition, slice, projectorClass, adapter, slices, dependencies));
    share.workers = workers;
    const work = new ProjectionWork(workers);
    hold.work = work;
    return {work, hold, store: adapter.scope({namespace: `${name}@${version}`, tables: projectorClass.schema})};
}

interface Slices {
    readonly hold: HoldObserver;
    readonly share: SliceShare;
    readonly partitions: PartitionOf;
}

/** Each slice has a projector and a unit of work of its own. */
function createWorker(
    {name, version, generation}: ProjectionDefinition, slice: number, projectorClass: ProjectorClass, adapter: IStore,
    {hold, share, partitions}: Slices, dependencies: ProjectionDependencies
): ProjectionWorker {
    const {eventStore, catalogue, runtime, log, states, turns, onTaken} = dependencies;
    const id = `${name}@${version}`;
    const scope = {namespace: id, tables: projectorClass.schema};
    const place = {store: adapter.scope(scope), key: sliceKey('checkpoint', slice), generation};
    const projector = new projectorClass();
    const handlers = compileHandlers(projectorClass, projector, catalogue);
    const tuning = {...dependencies.tuning, faultPolicy: projectorClass.faultPolicy ?? dependencies.tuning.faultPolicy};
    const runner: BatchRunner = new BatchRunner({
        ...dependencies, id, name, slice, partitions, place, handlers, tuning,
        firesAfter: () => {
            const {active, cursor} = states.get(name);
            return active === version ? cursor : undefined;
        }
    });
    Object.defineProperty(projector, 'store', {value: adapter.scope({...scope, access: () => runner.work})});
    const {count, by} = partitions;
    return new ProjectionWorker({
        id, slice, place, runtime, eventStore, runner, types: handlers.types, tuning, turns, log,
        isActive: () => states.get(name).active === version, reserve: share.reserve, mustYield: share.mustYield,
        accepts: count === 1 || by !== PARTITION_OF_AGGREGATE ? undefined : (aggregateName, aggregateId) => partitionOfAggregate(count, aggregateName, aggregateId) === slice,
        onTaken: async () => {
            await hold.onTaken(slice);
            onTaken();
        }
    });
}

/** @throws ConfigError when a handler's event class isn't known */
export function compileHandlers(
    projectorClass: ProjectorClass, projector: object, catalogue: EventCatalogue
): EventHandlers<BoundHandler> {
    const entries = [...handlerEntries(projector, Projector.prototype)]
        .map(([identity, handler]) => [identity, (handler as BoundHandler).bind(projector)] as const);
    return new EventHandlers(catalogue, entries, `Projector '${projectorClass.name}@${projectorClass.version}'`);
}
