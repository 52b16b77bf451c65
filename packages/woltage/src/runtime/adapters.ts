import {ConfigError, isWoltageError} from '../errors/index.ts';
import type {IEventStore, IMessageBroker, IStore} from '../ports/index.ts';
import {silentLogger} from '../shared/logger.ts';
import type {AdapterConfig, WoltageConfig} from './config.ts';
import {PatientBroker} from './messages/patient-broker.ts';

/** The adapters of one runtime. One config object is one adapter, wherever it is used. */
export interface Adapters {
    readonly eventStore: IEventStore;
    readonly internalStore: IStore;
    readonly keyStore: IStore;
    /** Where the work of actions is kept. */
    readonly taskStore: IStore;
    readonly stores: ReadonlyMap<string, IStore>;
    /** It may be away when the others are connected. */
    readonly messageBroker: IMessageBroker | undefined;
    /** The adapter of one more config, to be asked for before `connect`. @throws ConfigError `ADAPTER_INVALID`, `ADAPTER_FAILED` */
    readonly storeOf: (config: AdapterConfig<IStore>, property: string) => IStore;
    connect(): Promise<void>;
    close(): Promise<void>;
}

const EVENT_STORE_METHODS = ['connect', 'close', 'read', 'append', 'subscribe', 'getLatestPosition'];
const BROKER_METHODS = ['connect', 'close', 'ping', 'publish', 'consume', 'partitions'];
const STORE_METHODS = ['connect', 'close', 'scope', 'createTables', 'dropTables', 'getRows', 'findRows', 'countRows', 'getRecords', 'listRecords', 'commit'];

/** @throws ConfigError `ADAPTER_INVALID`, `ADAPTER_FAILED` */
export function createAdapters(config: WoltageConfig): Adapters {
    const eventStore = construct(config.eventStore, 'eventStore', EVENT_STORE_METHODS);
    const byConfig = new Map<AdapterConfig<IStore>, IStore>();
    const store = (adapterConfig: AdapterConfig<IStore>, property: string): IStore => {
        const known = byConfig.get(adapterConfig) ?? construct(adapterConfig, property, STORE_METHODS);
        byConfig.set(adapterConfig, known);
        return known;
    };
    const internalStore = store(config.internalStore, 'internalStore');
    const keyStore = config.keyStore === undefined ? internalStore : store(config.keyStore, 'keyStore');
    const stores = new Map(Object.entries(config.stores ?? {}).map(([name, c]) => [name, store(c, `stores.${name}`)]));
    const taskStore = findTaskStore(config.taskStore, internalStore, stores, store);
    const messageBroker = config.messageBroker && new PatientBroker(construct(config.messageBroker, 'messageBroker', BROKER_METHODS), config.logger ?? silentLogger);
    const all = (): readonly Pick<IStore, 'connect' | 'close'>[] => [eventStore, ...byConfig.values(), ...messageBroker === undefined ? [] : [messageBroker]];
    return {
        eventStore, internalStore, keyStore, taskStore, stores, messageBroker, storeOf: store,
        async connect() {
            await Promise.all(all().map(adapter => adapter.connect()));
        },
        async close() {
            const results = await Promise.allSettled(all().map(adapter => adapter.close()));
            const failed = results.find(result => result.status === 'rejected');
            if (failed !== undefined)
                throw failed.reason;
        }
    };
}

/** @throws ConfigError `TASK_STORE_UNKNOWN` */
function findTaskStore(config: AdapterConfig<IStore> | string | undefined, internalStore: IStore, stores: ReadonlyMap<string, IStore>, storeOf: Adapters['storeOf']): IStore {
    if (typeof config !== 'string')
        return config === undefined ? internalStore : storeOf(config, 'taskStore');
    const store = stores.get(config);
    if (store === undefined)
        throw new ConfigError(`'taskStore' names '${config}', which is none of 'stores' (${[...stores.keys()].join(', ')}).`, {code: 'TASK_STORE_UNKNOWN'});
    return store;
}

function construct<T extends object>({adapter, args = []}: AdapterConfig<T>, property: string, methods: readonly string[]): T {
    if (typeof adapter !== 'function')
        throw new ConfigError(`The adapter of '${property}' must be {adapter: AdapterClass, args?: [...]}.`, {code: 'ADAPTER_INVALID'});
    let instance: T;
    try {
        instance = new adapter(...args as never[]);
    } catch (error) {
        if (isWoltageError(error))
            throw error;
        throw new ConfigError(`The adapter of '${property}' (${adapter.name}) can't be constructed: ${error instanceof Error ? error.message : String(error)}`, {code: 'ADAPTER_FAILED', cause: error});
    }
    const missing = methods.filter(method => typeof (instance as Record<string, unknown>)[method] !== 'function');
    if (missing.length > 0)
        throw new ConfigError(`The adapter of '${property}' (${adapter.name}) lacks ${missing.join(', ')}. Is it an adapter for this place?`, {code: 'ADAPTER_INVALID'});
    return instance;
}
