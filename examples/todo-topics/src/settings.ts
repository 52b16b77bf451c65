import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import SQLiteStore from '@woltage/store-sqlite';
import {MemoryEventStore, MemoryStore, type WoltageConfig} from 'woltage';
import {logger} from './logger.ts';

type EventStoreConfig = WoltageConfig['eventStore'];
type StoreConfig = WoltageConfig['internalStore'];
export type Mode = 'memory' | 'file' | 'kafka';

export interface TodoSettings {
    /** Where events are produced to. */
    readonly eventStore: EventStoreConfig;
    readonly internalStore: StoreConfig;
    /** Where the read model gets them from, when it is a service of its own. */
    readonly reader?: Pick<WoltageConfig, 'eventStore' | 'internalStore'>;
    /** Where the read model is. */
    readonly todos: StoreConfig;
    readonly inMongoDB: boolean;
}

/** `--memory`, `--file` (which goes without saying) or `--kafka`. */
export function modeOf(flags: Readonly<Partial<Record<Mode, boolean | undefined>>>): Mode {
    const modes = (['memory', 'file', 'kafka'] as const).filter(mode => flags[mode] === true);
    if (modes.length > 1)
        throw new Error(`Choose one of ${modes.map(mode => `--${mode}`).join(', ')}.`);
    return modes[0] ?? 'file';
}

/** What differs between the modes: the config, and nothing else. */
export async function settingsOf(mode: Mode, env: NodeJS.ProcessEnv): Promise<TodoSettings> {
    const folder = env['DATA_FOLDER'] ?? join(import.meta.dirname, '../data');
    if (mode !== 'memory')
        mkdirSync(folder, {recursive: true});
    const service = await serviceOf(mode, folder, env);
    const {internalStore} = service.reader ?? service;
    const url = env['MONGODB_URL'];
    return {...service, todos: url === undefined ? internalStore : await mongodb(url), inMongoDB: url !== undefined};
}

type Service = Pick<TodoSettings, 'eventStore' | 'internalStore' | 'reader'>;

async function serviceOf(mode: Mode, folder: string, env: NodeJS.ProcessEnv): Promise<Service> {
    if (mode === 'memory')
        return {eventStore: {adapter: MemoryEventStore}, internalStore: {adapter: MemoryStore}};
    const log = {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]};
    const sqlite = (name: string) => ({adapter: SQLiteStore, args: [{path: join(folder, name)}]});
    const service = {eventStore: log, internalStore: sqlite('store.db')};
    if (mode === 'file')
        return service;
    const {producer, consumer} = await overKafka(log, env['KAFKA_BROKERS'], env['KAFKA_TOPIC']);
    return {...service, eventStore: producer, reader: {eventStore: consumer, internalStore: sqlite('reader.db')}};
}

/** Events are produced to the log, which has the last word on their order, and from there to the topic, which the read model reads. */
async function overKafka(log: EventStoreConfig, servers = '127.0.0.1:9092', topic = 'todos.events') {
    const {ComposedEventStore, KafkaEventSource} = await import('@woltage/kafka');
    const brokers = servers.split(',');
    return {
        producer: {adapter: ComposedEventStore, args: [{log, bus: {brokers, clientId: 'todos', topic, logger}}]},
        consumer: {adapter: KafkaEventSource, args: [{brokers, clientId: 'todo-list', topic, from: 'start', logger}]}
    };
}

async function mongodb(url: string): Promise<StoreConfig> {
    const {MongoDBStore} = await import('@woltage/store-mongodb');
    return {adapter: MongoDBStore, args: [url]};
}
