import type {Action} from '../actions/index.ts';
import {snapshotsProblem, type Aggregate, type SnapshotOptions} from '../aggregates/index.ts';
import type {Decision} from '../decisions/index.ts';
import {ConfigError} from '../errors/index.ts';
import type {EventCastingFallback, EventClass} from '../events/index.ts';
import type {IEventStore, IMessageBroker, IStore} from '../ports/index.ts';
import type {ProjectionTuning, ProjectorClass} from '../projections/index.ts';
import type {ReadModelClass} from '../read-models/index.ts';
import type {Logger} from '../shared/logger.ts';
import {isHarness, type Harness} from './harness.ts';
import {tuningProblems} from './tuning-problems.ts';

/** An adapter and what its constructor gets. */
export interface AdapterConfig<T> {
    readonly adapter: new (...args: never[]) => T;
    readonly args?: readonly unknown[];
}

/** A projection that is to exist, see `projections` of the config. */
export interface DeclaredProjection {
    readonly name: string;
    readonly version: number;
    /** The projector's class, or its name. */
    readonly projector: string | ProjectorClass;
    /** Needed where the projector is given by name and has several versions. */
    readonly projectorVersion?: number;
    /** One of the keys of `stores`. */
    readonly store: string;
}

/** Events that are published to a topic, keyed by aggregate id, in order, as CloudEvents. */
export interface Publication {
    readonly topic: string;
    /** Needed where several go to one topic: what a publication has published is known by its topic and name. @default 'events' */
    readonly name?: string | undefined;
    /** Of these types, in all their versions. */
    readonly events: readonly EventClass[];
    /** Whether events are published that were there before the publication was first started. @default 'now' */
    readonly from?: 'start' | 'now' | undefined;
    /**
     * What becomes of personal fields: a topic is out of reach for `forget`, so that they are published as they are recorded, encrypted, and nobody can read them there. `decrypt` publishes them
     * in the clear; fields of a forgotten subject as `Erased`.
     *
     * @default 'encrypted'
     */
    readonly personal?: 'encrypted' | 'decrypt' | undefined;
}

/** What `createWoltage` takes. A string where classes can stand is a directory that they are imported from. */
export interface WoltageConfig {
    readonly eventStore: AdapterConfig<IEventStore>;
    readonly eventClasses: readonly EventClass[] | string;
    readonly aggregates: readonly Aggregate[] | string;
    /** Needs an event store that `supports.conditionalAppend`. @default none */
    readonly decisions?: readonly Decision[] | string | undefined;
    readonly projectorClasses: readonly ProjectorClass[] | string;
    /** @default none */
    readonly actions?: readonly Action[] | string | undefined;
    /** What actions work with beside Woltage: a mailer, a file storage, a generator of ids. Tests hand in fakes. @default {} */
    readonly services?: object | undefined;
    /** Carries messages to and from other systems: needed for `onMessage`, `publish` and `publications`. */
    readonly messageBroker?: AdapterConfig<IMessageBroker> | undefined;
    /** Event types that are published to topics of the `messageBroker`. */
    readonly publications?: readonly Publication[] | undefined;
    /** Where the work of actions is kept: an adapter, or one of the keys of `stores`. @default `internalStore` */
    readonly taskStore?: AdapterConfig<IStore> | string | undefined;
    readonly readModelClasses?: readonly ReadModelClass[] | string | undefined;
    /** Where Woltage keeps its own data: which projections there are, which are active. */
    readonly internalStore: AdapterConfig<IStore>;
    /** Where the keys of personal fields are kept; backups of it should be kept for a short time only. @default `internalStore` */
    readonly keyStore?: AdapterConfig<IStore> | undefined;
    /** The stores that projections can use, by a name of your choice. */
    readonly stores?: Readonly<Record<string, AdapterConfig<IStore>>> | undefined;
    /** Whether projections start with the creation, or with `start()`. @default true */
    readonly autostart?: boolean | undefined;
    /**
     * The projections that are to exist, instead of `addProjection` and its sisters by hand: at start, missing ones are added, the
     * newest version of each name is activated when it is live, and those not listed are removed with their data.
     */
    readonly projections?: readonly DeclaredProjection[] | undefined;
    /** A pino-compatible logger. Without one nothing is logged. */
    readonly logger?: Logger | undefined;
    /** Bound of the cache of aggregate states, in bytes; 0 switches it off. @default 64 MiB */
    readonly aggregateCacheBytes?: number | undefined;
    /** When snapshots of aggregates are taken; an aggregate's own settings win. @default false */
    readonly snapshots?: SnapshotOptions | false | undefined;
    /** For how long the answers for idempotency keys are kept, in ms. @default 7 days */
    readonly idempotencyKeepMs?: number | undefined;
    /**
     * Makes the payload of a version that a handler asks for from an event of a version that this process doesn't know, or knows no way from; `undefined`: it can't. Not async.
     */
    readonly eventCastingFallback?: EventCastingFallback | undefined;
    /** How projections work, where the defaults don't fit. */
    readonly projectionTuning?: Partial<ProjectionTuning> | undefined;
    /** For tests: `createTestWoltage` of `@woltage/testing` fills it in. */
    readonly harness?: Harness | undefined;
}

const KEYS: Readonly<Record<keyof WoltageConfig, 'required' | 'optional'>> = {
    eventStore: 'required',
    eventClasses: 'required',
    aggregates: 'required',
    decisions: 'optional',
    projectorClasses: 'required',
    actions: 'optional',
    services: 'optional',
    messageBroker: 'optional',
    publications: 'optional',
    taskStore: 'optional',
    readModelClasses: 'optional',
    internalStore: 'required',
    keyStore: 'optional',
    stores: 'optional',
    autostart: 'optional',
    projections: 'optional',
    logger: 'optional',
    aggregateCacheBytes: 'optional',
    snapshots: 'optional',
    idempotencyKeepMs: 'optional',
    eventCastingFallback: 'optional',
    projectionTuning: 'optional',
    harness: 'optional'
};

/** @throws ConfigError `CONFIG_INVALID` that lists everything that is wrong */
export function checkConfig(config: unknown): asserts config is WoltageConfig {
    if (typeof config !== 'object' || config === null)
        throw new ConfigError('createWoltage needs a config object: createWoltage({eventStore, eventClasses, ...}).');
    const problems = [...findProblems(config as Record<string, unknown>)];
    if (problems.length > 0)
        throw new ConfigError(`The config of createWoltage is invalid: ${problems.join(' ')}`, {details: {problems}});
}

function* findProblems(config: Record<string, unknown>): Generator<string> {
    for (const key of Object.keys(config)) {
        if (!Object.hasOwn(KEYS, key))
            yield `'${key}' is not a property of it (${Object.keys(KEYS).join(', ')}).`;
    }
    for (const [key, need] of Object.entries(KEYS)) {
        if (need === 'required' && config[key] === undefined)
            yield `'${key}' is missing.`;
    }
    yield* shapeProblems(config);
    for (const key of ['eventStore', 'internalStore', 'keyStore', 'messageBroker'])
        yield* adapterProblems(`'${key}'`, config[key]);
    yield* snapshotProblems(config['snapshots'] as SnapshotOptions | undefined);
    if (isObject(config['taskStore']))
        yield* adapterProblems('\'taskStore\'', config['taskStore']);
    if (isObject(config['projectionTuning']))
        yield* tuningProblems(config['projectionTuning']);
    if (isObject(config['stores'])) {
        for (const [name, store] of Object.entries(config['stores']))
            yield* adapterProblems(`'stores.${name}'`, store);
    }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const isClasses = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);
const isLogger = (value: unknown): boolean =>
    isObject(value) && ['debug', 'info', 'warn', 'error'].every(level => typeof (value as Record<string, unknown>)[level] === 'function');
const CLASSES = 'an array or the path of a directory';

const SHAPES: readonly (readonly [key: string, isValid: (value: unknown) => boolean, must: string])[] = [
    ['eventClasses', isClasses, CLASSES],
    ['aggregates', isClasses, CLASSES],
    ['decisions', isClasses, CLASSES],
    ['projectorClasses', isClasses, CLASSES],
    ['readModelClasses', isClasses, CLASSES],
    ['actions', isClasses, CLASSES],
    ['services', isObject, 'an object of services by name'],
    ['publications', Array.isArray, 'an array of {topic, events}'],
    ['taskStore', value => typeof value === 'string' || isObject(value), '{adapter: AdapterClass, args?: [...]} or one of the keys of \'stores\''],
    ['stores', isObject, 'an object of adapters by name'],
    ['projections', Array.isArray, 'an array of {name, version, projector, store}'],
    ['autostart', value => typeof value === 'boolean', 'true or false'],
    ['aggregateCacheBytes', value => typeof value === 'number' && value >= 0, 'a number of bytes'],
    ['idempotencyKeepMs', value => typeof value === 'number' && value > 0, 'a number of ms'],
    ['eventCastingFallback', value => typeof value === 'function', 'a function from an event and {type, version} to a payload'],
    ['logger', isLogger, 'a logger with debug, info, warn and error'],
    ['projectionTuning', isObject, 'an object'],
    ['harness', isHarness, 'a test harness {clock, onEffect, onAttempt, learnsEventClasses}']
];

function* shapeProblems(config: Record<string, unknown>): Generator<string> {
    for (const [key, isValid, must] of SHAPES) {
        if (config[key] !== undefined && !isValid(config[key]))
            yield `'${key}' must be ${must}.`;
    }
}

function* snapshotProblems(snapshots: SnapshotOptions | false | undefined): Generator<string> {
    const problem = snapshotsProblem(snapshots);
    if (problem !== undefined)
        yield problem;
    else if (snapshots && typeof snapshots.store === 'object')
        yield* adapterProblems('\'snapshots.store\'', snapshots.store);
}

function* adapterProblems(what: string, value: unknown): Generator<string> {
    if (value === undefined)
        return;
    const {adapter, args = []} = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (typeof adapter !== 'function')
        yield `${what} must be {adapter: AdapterClass, args?: [...]}.`;
    if (!Array.isArray(args))
        yield `${what}: 'args' must be an array of what the adapter's constructor gets.`;
}
