import {
    BadRequestError, EndableSubscription, UnavailableError, type AppendResult, type EventFilter, type EventStoreCapabilities, type IEventStore, type RecordedEvent, type SubscribeOptions,
    type SubscriptionBatch
} from 'woltage';
import type {IKafkaDriver, IKafkaReader} from '../driver/kafka-driver.ts';
import {PlatformaticDriver} from '../driver/platformatic-driver.ts';
import {kafkaError} from '../kafka-error.ts';
import {Anchor} from './anchor.ts';
import {checkSource, type CheckedBus, type KafkaEventSourceOptions} from './bus-options.ts';
import {followBus} from './follow.ts';
import {lastPosition} from './scan.ts';

interface Open {
    readonly driver: IKafkaDriver;
    readonly anchor: Anchor;
    readonly subscriptions: Set<EndableSubscription>;
}

/**
 * The events that a `ComposedEventStore` publishes to a topic, as an event store for services that have no access to its log: projections and read models work on it. Positions are those of the log.
 * It can't be written, and streams can't be read.
 *
 * @example
 * {adapter: KafkaEventSource, args: [{brokers: ['127.0.0.1:9092'], clientId: 'reports', topic: 'shop.events', from: 'start'}]}
 */
export class KafkaEventSource implements IEventStore {
    readonly supports: EventStoreCapabilities = {multiStreamAppend: false, streams: false};
    readonly #options: CheckedBus & Pick<KafkaEventSourceOptions, 'from'>;
    #open: Open | undefined;
    #turn: Promise<void> = Promise.resolve();

    /** @throws ConfigError `KAFKA_OPTIONS` */
    constructor(options: KafkaEventSourceOptions) {
        this.#options = checkSource(options);
    }

    /** @throws UnavailableError `BROKER_UNAVAILABLE` @throws ConfigError `KAFKA_CREDENTIALS` */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#open !== undefined)
                return;
            const {logger, topic, groupPrefix} = this.#options;
            const driver = new PlatformaticDriver({...this.#options, onError: error => logger.debug({err: error}, 'Kafka\'s client reports an error')});
            const open = {driver, anchor: new Anchor(driver, topic, `${groupPrefix}.${topic}.since`), subscriptions: new Set<EndableSubscription>()};
            try {
                await driver.ping();
                if (this.#options.from === 'now')
                    await this.#drop(open);
            } catch (error) {
                open.anchor.close();
                await driver.close();
                throw kafkaError(error, this.#options.brokers);
            }
            this.#open = open;
        });
    }

    close(): Promise<void> {
        return this.#inTurn(async () => {
            const open = this.#open;
            if (open === undefined)
                return;
            this.#open = undefined;
            for (const subscription of [...open.subscriptions])
                subscription.end();
            open.anchor.close();
            await open.driver.close();
        });
    }

    subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionBatch> {
        let open: Open | undefined;
        return new EndableSubscription({
            signal: options.signal,
            start: subscription => {
                open = this.#opened();
                open.subscriptions.add(subscription);
            },
            read: ending => {
                const {driver, anchor} = open ?? this.#opened();
                const {topic, logger, from} = this.#options;
                const beginnings = (reader: IKafkaReader, partitions: number): Promise<readonly bigint[]> =>
                    from === 'now' ? anchor.offsets(reader, partitions) : reader.offsets(Array.from({length: partitions}, (_, partition) => ({topic, partition})), 'start');
                return followBus({driver, topic, logger, beginnings}, options, ending);
            },
            finish: subscription => open?.subscriptions.delete(subscription)
        });
    }

    /** The position up to which everything is there; with a filter, too. `null` while that isn't known of all partitions. @throws UnavailableError `BROKER_UNAVAILABLE` */
    async getLatestPosition(_filter?: EventFilter): Promise<bigint | null> {
        const {driver} = this.#opened();
        const reader = driver.reader();
        try {
            const partitions = await driver.partitions(this.#options.topic);
            const positions = await Promise.all(Array.from({length: partitions}, (_, partition) => lastPosition(reader, {topic: this.#options.topic, partition})));
            const known = positions.filter(position => position !== undefined);
            return known.length < positions.length || known.length === 0 ? null : known.reduce((least, position) => position < least ? position : least);
        } catch (error) {
            throw kafkaError(error, this.#options.brokers);
        } finally {
            await reader.close();
        }
    }

    /** @throws BadRequestError `READ_ONLY_EVENT_SOURCE` */
    async append(): Promise<AppendResult> {
        throw this.#readOnly('Events can\'t be appended to');
    }

    /** @throws BadRequestError `READ_ONLY_EVENT_SOURCE` */
    async *read(): AsyncGenerator<readonly RecordedEvent[]> {
        throw this.#readOnly('Streams can\'t be read from');
    }

    #readOnly(what: string): BadRequestError {
        return new BadRequestError(`${what} the topic '${this.#options.topic}': it carries the events of another service's log. Commands belong to the service that has the log.`, {code: 'READ_ONLY_EVENT_SOURCE'});
    }

    /** Notes where "now" is, at once: what is published from here on belongs to this service, whatever happens to the process. */
    async #drop({driver, anchor}: Open): Promise<void> {
        const reader = driver.reader();
        try {
            const partitions = await driver.partitions(this.#options.topic, true);
            if (partitions > 0)
                await anchor.offsets(reader, partitions);
            else
                anchor.noteMissing();
        } finally {
            await reader.close();
        }
    }

    #opened(): Open {
        if (this.#open === undefined)
            throw new UnavailableError('The Kafka event source is not connected.', {code: 'CLOSED'});
        return this.#open;
    }

    #inTurn(task: () => Promise<void>): Promise<void> {
        const turn = this.#turn.then(task);
        this.#turn = turn.catch(() => undefined);
        return turn;
    }
}
