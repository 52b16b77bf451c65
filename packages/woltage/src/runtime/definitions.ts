import {Action} from '../actions/index.ts';
import {Aggregate, AggregateFold} from '../aggregates/index.ts';
import {CompiledDecision, Decision} from '../decisions/index.ts';
import {ConfigError} from '../errors/index.ts';
import {Event, EventCatalogue, isEventVersion, type EventClass} from '../events/index.ts';
import {compileTables} from '../ports/index.ts';
import {compileHandlers, Projector, projectorId, type ProjectorClass} from '../projections/index.ts';
import {ReadModel, type ReadModelClass} from '../read-models/index.ts';
import {CompiledAction} from './actions/compiled-action.ts';
import type {WoltageConfig} from './config.ts';
import {loadExports, type Loaded} from './module-loader.ts';

/** Everything that the user wrote, loaded and checked. */
export interface Definitions {
    readonly catalogue: EventCatalogue;
    readonly aggregates: ReadonlyMap<string, Aggregate>;
    readonly folds: ReadonlyMap<Aggregate, AggregateFold>;
    /** By decision, and by name. */
    readonly decisions: ReadonlyMap<unknown, CompiledDecision>;
    /** By name. */
    readonly actions: ReadonlyMap<string, CompiledAction>;
    /** By `name@version`. */
    readonly projectors: ReadonlyMap<string, ProjectorClass>;
    readonly readModels: readonly Loaded<ReadModelClass>[];
}

const extendsClass = (value: unknown, base: {readonly prototype: object}): boolean =>
    typeof value === 'function' && (value as {readonly prototype?: unknown}).prototype instanceof (base as unknown as new () => object);
const isEventClass = (value: unknown): value is EventClass => extendsClass(value, Event);
const isAggregate = (value: unknown): value is Aggregate => value instanceof Aggregate;
const isAction = (value: unknown): value is Action => value instanceof Action;
const isDecision = (value: unknown): value is Decision => value instanceof Decision;
const isProjectorClass = (value: unknown): value is ProjectorClass => extendsClass(value, Projector);
const isReadModelClass = (value: unknown): value is ReadModelClass => extendsClass(value, ReadModel);

/** @throws ConfigError that names the file and says what to do */
export async function loadDefinitions(config: WoltageConfig): Promise<Definitions> {
    const events = withoutBaseClasses(await loadExports(config.eventClasses, 'eventClasses', isEventClass), isBareEvent);
    const aggregates = await loadExports(config.aggregates, 'aggregates', isAggregate);
    const decisions = await loadExports(config.decisions ?? [], 'decisions', isDecision);
    const actions = await loadExports(config.actions ?? [], 'actions', isAction);
    const projectors = withoutBaseClasses(await loadExports(config.projectorClasses, 'projectorClasses', isProjectorClass), isBareProjector);
    const readModels = withoutBaseClasses(await loadExports(config.readModelClasses ?? [], 'readModelClasses', isReadModelClass), () => false);

    const sources = new Map<unknown, string>(events.map(({value, source}) => [value, source]));
    const catalogue = new EventCatalogue(events.map(({value}) => value), c => sources.get(c) ?? c.name, config.eventCastingFallback, config.harness?.learnsEventClasses);
    return {
        catalogue, ...checkAggregates(aggregates, catalogue), decisions: checkDecisions(decisions, catalogue), actions: checkActions(actions, catalogue),
        projectors: checkProjectors(projectors, catalogue), readModels
    };
}

/** Leaves out classes that lack everything, where others extend them: bases such as an event class with automatic meta data. */
function withoutBaseClasses<T extends object>(loaded: readonly Loaded<T>[], isBare: (value: T) => boolean): readonly Loaded<T>[] {
    const parents = new Set<unknown>();
    for (const {value} of loaded) {
        for (let parent: unknown = Object.getPrototypeOf(value); typeof parent === 'function'; parent = Object.getPrototypeOf(parent))
            parents.add(parent);
    }
    return loaded.filter(({value}) => !(parents.has(value) && isBare(value)));
}

const isBareEvent = ({schema, version}: EventClass): boolean => schema as unknown === undefined && version as unknown === undefined;
const isBareProjector = ({schema, version}: ProjectorClass): boolean => schema as unknown === undefined && version as unknown === undefined;

function checkAggregates(loaded: readonly Loaded<Aggregate>[], catalogue: EventCatalogue): Pick<Definitions, 'aggregates' | 'folds'> {
    const aggregates = new Map<string, Aggregate>();
    const folds = new Map<Aggregate, AggregateFold>();
    for (const {value, source} of loaded) {
        if (aggregates.has(value.name))
            throw new ConfigError(`Aggregate ${source}: another aggregate is named '${value.name}' too. Names must differ.`, {code: 'DUPLICATE_AGGREGATE_NAME'});
        aggregates.set(value.name, value);
        folds.set(value, inFile(source, () => new AggregateFold(value, catalogue)));
    }
    return {aggregates, folds};
}

function checkDecisions(loaded: readonly Loaded<Decision>[], catalogue: EventCatalogue): ReadonlyMap<unknown, CompiledDecision> {
    const decisions = new Map<unknown, CompiledDecision>();
    for (const {value, source} of loaded) {
        if (decisions.has(value.name))
            throw new ConfigError(`Decision ${source}: another decision is named '${value.name}' too. Names must differ.`, {code: 'DUPLICATE_DECISION_NAME'});
        const compiled = inFile(source, () => new CompiledDecision(value, catalogue));
        decisions.set(value, compiled).set(value.name, compiled);
    }
    return decisions;
}

function checkActions(loaded: readonly Loaded<Action>[], catalogue: EventCatalogue): ReadonlyMap<string, CompiledAction> {
    const actions = new Map<string, CompiledAction>();
    const routes = new Map<string, string>();
    for (const {value, source} of loaded) {
        if (actions.has(value.name))
            throw new ConfigError(`Action ${source}: another action is named '${value.name}' too. Names must differ.`, {code: 'DUPLICATE_ACTION_NAME'});
        for (const trigger of value.triggers) {
            // Routers take upper for lower case.
            const route = trigger.kind === 'http' ? `${trigger.method} ${trigger.path.replace(/:\w+/g, ':').toLowerCase()}` : undefined;
            if (route !== undefined && routes.has(route))
                throw new ConfigError(`Action ${source}: another action (${String(routes.get(route))}) is at ${route} too.`, {code: 'ACTION_INVALID'});
            if (route !== undefined)
                routes.set(route, value.name);
        }
        actions.set(value.name, inFile(source, () => new CompiledAction(value, catalogue)));
    }
    return actions;
}

function checkProjectors(loaded: readonly Loaded<ProjectorClass>[], catalogue: EventCatalogue): ReadonlyMap<string, ProjectorClass> {
    const projectors = new Map<string, ProjectorClass>();
    for (const {value, source} of loaded) {
        const {name, version, schema} = value;
        if (!isEventVersion(version))
            throw new ConfigError(`Projector ${source}: it has no \`static version\` (a whole number from 1).`, {code: 'PROJECTOR_INVALID'});
        if (typeof schema !== 'object' || schema as unknown === null)
            throw new ConfigError(`Projector ${source}: it has no \`static schema\`, its tables: {users: {key: z.object({id: z.string()}), ...}}.`, {code: 'PROJECTOR_INVALID'});
        compileTables(schema, `projector ${source}`);
        checkSettings(value, source);
        const id = projectorId(name, version);
        if (projectors.has(id))
            throw new ConfigError(`Projector ${source}: there is another projector '${id}'. Raise the \`static version\` of the newer one.`, {code: 'DUPLICATE_PROJECTOR'});
        inFile(source, () => compileHandlers(value, new value(), catalogue));
        projectors.set(id, value);
    }
    return projectors;
}

const MAX_PARTITIONS = 256;

function checkSettings({partitions = 1, partitionBy, faultPolicy = 'stop'}: ProjectorClass, source: string): void {
    const fail = (why: string): ConfigError => new ConfigError(`Projector ${source}: ${why}`, {code: 'PROJECTOR_INVALID'});
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS)
        throw fail(`its \`static partitions\` must be a whole number from 1 to ${MAX_PARTITIONS}.`);
    if (partitionBy !== undefined && typeof partitionBy !== 'function')
        throw fail('its `static partitionBy` must be a function from an event to a string.');
    if (faultPolicy !== 'stop' && faultPolicy !== 'dead-letter')
        throw fail('its `static faultPolicy` must be \'stop\' or \'dead-letter\'.');
}

/** Adds the file to the message of a configuration error. */
function inFile<R>(source: string, run: () => R): R {
    try {
        return run();
    } catch (error) {
        if (error instanceof ConfigError)
            throw new ConfigError(`${source}: ${error.message}`, {code: error.code, cause: error});
        throw new ConfigError(`${source}: ${error instanceof Error ? error.message : String(error)}`, {cause: error});
    }
}
