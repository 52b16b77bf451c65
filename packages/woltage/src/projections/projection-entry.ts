import type {ContextRuntime} from '../context/index.ts';
import {EventHandlers, handlerEntries, type EventCatalogue} from '../events/index.ts';
import type {IEventStore, IStore} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import {BatchRunner, type BoundHandler} from './batch-runner.ts';
import {readCheckpoint, type Self} from './checkpoint.ts';
import {Projection} from './projection.ts';
import type {NameState, ProjectionDefinition} from './projection-records.ts';
import {ProjectionWorker} from './projection-worker.ts';
import {Projector, type ProjectorClass} from './projector.ts';
import type {ProjectionTuning} from './tuning.ts';

export interface ProjectionDependencies {
    readonly eventStore: IEventStore;
    readonly catalogue: EventCatalogue;
    readonly runtime: ContextRuntime;
    readonly tuning: ProjectionTuning;
    readonly log: Logger;
    readonly self: Self;
    readonly stateOf: (name: string) => NameState;
}

/** What there is of a projection where its projector and store are known. */
export interface ProjectionParts {
    readonly worker: ProjectionWorker;
    /** The projection's tables, as read models see them. */
    readonly store: IStore;
}

/** A registered projection of this process. */
export interface ProjectionEntry {
    readonly definition: ProjectionDefinition;
    readonly projection: Projection;
    /** `undefined` when this process doesn't know the projector or the store. */
    readonly parts: ProjectionParts | undefined;
    /** The projection's rows and checkpoint without its tables' definitions; `undefined` when this process doesn't know the store. */
    readonly data: IStore | undefined;
}

export function createEntry(
    definition: ProjectionDefinition,
    projectorClass: ProjectorClass | undefined,
    adapter: IStore | undefined,
    dependencies: ProjectionDependencies
): ProjectionEntry {
    const {name, version} = definition;
    const parts = projectorClass === undefined || adapter === undefined
        ? undefined
        : createParts(definition, projectorClass, adapter, dependencies);
    const isActive = (): boolean => dependencies.stateOf(name).active === version;
    const data = adapter?.scope({namespace: `${name}@${version}`, tables: {}});
    return {definition, projection: new Projection(definition, parts?.worker, isActive), parts, data};
}

function createParts(
    {name, version, generation}: ProjectionDefinition,
    projectorClass: ProjectorClass,
    adapter: IStore,
    {eventStore, catalogue, runtime, tuning, log, self, stateOf}: ProjectionDependencies
): ProjectionParts {
    const id = `${name}@${version}`;
    const scope = {namespace: id, tables: projectorClass.schema};
    const store = adapter.scope(scope);
    const projector = new projectorClass();
    const handlers = compileHandlers(projectorClass, projector, catalogue);
    const runner = new BatchRunner({
        id, name, generation, store, handlers, runtime, tuning, log, self,
        firesAt: position => {
            const state = stateOf(name);
            return state.active === version && position > state.cursor;
        }
    });
    Object.defineProperty(projector, 'store', {value: adapter.scope({...scope, access: () => runner.work})});
    const worker = new ProjectionWorker({id, eventStore, runner, types: handlers.types, tuning, log});
    return {worker, store};
}

/** @throws ConfigError when a handler's event class isn't known */
export function compileHandlers(
    projectorClass: ProjectorClass, projector: object, catalogue: EventCatalogue
): EventHandlers<BoundHandler> {
    const entries = [...handlerEntries(projector, Projector.prototype)]
        .map(([identity, handler]) => [identity, (handler as BoundHandler).bind(projector)] as const);
    return new EventHandlers(catalogue, entries, `Projector '${projectorClass.name}@${projectorClass.version}'`);
}

/** How far a projection has come, also while it isn't worked on. */
export async function positionOf({worker, store}: ProjectionParts): Promise<bigint> {
    return worker.state === 'stopped' || worker.state === 'standby' ? (await readCheckpoint(store))?.position ?? -1n : worker.position;
}
