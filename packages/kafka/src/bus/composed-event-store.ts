import {ConfigError, type EventStoreCapabilities, type IEventStore} from 'woltage';
import {PlatformaticDriver} from '../driver/platformatic-driver.ts';
import {optionProblem, refuseUnknown} from '../options.ts';
import {Publisher} from '../publish/publisher.ts';
import {checkBus, type CheckedBus, type KafkaBusOptions} from './bus-options.ts';
import {BusPublisher} from './bus-publisher.ts';

export interface ComposedEventStoreOptions {
    /** The event store that has the events: an adapter's config, or an instance. */
    readonly log: IEventStore | {readonly adapter: new (...args: never[]) => IEventStore; readonly args?: readonly unknown[] | undefined};
    /** Where all of its events are published. */
    readonly bus: KafkaBusOptions;
}

interface Bus {
    readonly driver: PlatformaticDriver;
    readonly publisher: Publisher;
    readonly events: BusPublisher;
}

const METHODS = ['connect', 'close', 'read', 'append', 'subscribe', 'getLatestPosition'] as const;

/**
 * An event store whose events, all of them, also go to a topic in Kafka, where other services read them with `KafkaEventSource`. It does what its log does: while Kafka is away, events wait in the log.
 *
 * @example
 * {adapter: ComposedEventStore, args: [{log: {adapter: SQLiteEventStore, args: [{path: 'events.db'}]}, bus: {brokers: ['127.0.0.1:9092'], clientId: 'shop', topic: 'shop.events'}}]}
 */
export class ComposedEventStore implements IEventStore {
    readonly supports: EventStoreCapabilities;
    readonly read: IEventStore['read'];
    readonly append: IEventStore['append'];
    readonly subscribe: IEventStore['subscribe'];
    readonly getLatestPosition: IEventStore['getLatestPosition'];
    readonly appendAll?: NonNullable<IEventStore['appendAll']>;
    readonly query?: NonNullable<IEventStore['query']>;
    readonly erase?: NonNullable<IEventStore['erase']>;
    readonly #log: IEventStore;
    readonly #options: CheckedBus;
    #bus: Bus | undefined;
    #turn: Promise<void> = Promise.resolve();

    /** @throws ConfigError `KAFKA_OPTIONS`, and what the log's adapter throws */
    constructor(options: ComposedEventStoreOptions) {
        if (typeof options !== 'object' || options === null)
            throw optionProblem('ComposedEventStore needs {log, bus}.');
        refuseUnknown(options, new Set(['log', 'bus']));
        this.#options = checkBus(options.bus);
        const log = this.#log = logOf(options.log);
        this.supports = log.supports;
        this.read = log.read.bind(log);
        this.append = log.append.bind(log);
        this.subscribe = log.subscribe.bind(log);
        this.getLatestPosition = log.getLatestPosition.bind(log);
        if (log.appendAll !== undefined)
            this.appendAll = log.appendAll.bind(log);
        if (log.query !== undefined)
            this.query = log.query.bind(log);
        if (log.erase !== undefined)
            this.erase = log.erase.bind(log);
    }

    /** Connects the log, and begins to publish; Kafka may be away. @throws what the log throws */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            await this.#log.connect();
            if (this.#bus !== undefined)
                return;
            const {logger, topic, groupPrefix, timeoutMs} = this.#options;
            const onError = (error: Error): void => logger.debug({err: error, topic}, 'Kafka\'s client reports an error');
            const driver = new PlatformaticDriver({...this.#options, onError});
            const publisher = new Publisher(driver, timeoutMs, onError);
            const events = new BusPublisher({driver, publisher, log: this.#log, topic, group: `${groupPrefix}.${topic}.publisher`, logger});
            this.#bus = {driver, publisher, events};
            events.start();
        });
    }

    /** What is being published is waited for, for a few seconds; what isn't yet is published after the next start. */
    close(): Promise<void> {
        return this.#inTurn(async () => {
            const bus = this.#bus;
            this.#bus = undefined;
            // Together: what is under way gets the time that the publisher gives it.
            await Promise.all([bus?.events.stop(), bus?.publisher.close()]);
            await bus?.driver.close();
            await this.#log.close();
        });
    }

    #inTurn(task: () => Promise<void>): Promise<void> {
        const turn = this.#turn.then(task);
        this.#turn = turn.catch(() => undefined);
        return turn;
    }
}

function logOf(log: ComposedEventStoreOptions['log']): IEventStore {
    if (typeof log !== 'object' || log === null)
        throw optionProblem('ComposedEventStore needs a log: {adapter, args}, or an event store.');
    const store = 'adapter' in log ? made(log) : log;
    const missing = METHODS.filter(method => typeof store[method] !== 'function');
    if (missing.length > 0)
        throw new ConfigError(`Kafka: the log of ComposedEventStore is no event store: it lacks ${missing.join(', ')}.`, {code: 'KAFKA_OPTIONS'});
    return store;
}

function made({adapter, args = [], ...rest}: Extract<ComposedEventStoreOptions['log'], {readonly adapter: unknown}>): IEventStore {
    // An arrow function has no prototype, and is no class.
    if (typeof adapter !== 'function' || (adapter as {readonly prototype?: unknown}).prototype === undefined)
        throw optionProblem('the adapter of the log must be a class: {adapter: SQLiteEventStore, args: [{path: \'events.db\'}]}.');
    if (!Array.isArray(args))
        throw optionProblem('the args of the log\'s adapter must be a list.');
    refuseUnknown(rest, new Set(['adapter', 'args']));
    return new adapter(...args as never[]);
}
