import {isTopicName, type Logger} from 'woltage';
import {checkOptions, optionProblem, type CheckedOptions, type KafkaBrokerOptions} from '../options.ts';

/** Where the bus is: a topic, and how to reach the cluster that has it. */
export interface KafkaBusOptions extends KafkaBrokerOptions {
    /** Holds the events of one log, and nothing else. Its retention decides how far back readers can go; it must not be compacted. */
    readonly topic: string;
}

export interface KafkaEventSourceOptions extends KafkaBusOptions {
    /** Where the history begins for this service: with the first event of the topic, or where the topic ended when a source with this `groupPrefix` was connected for the first time. */
    readonly from: 'start' | 'now';
}

export interface CheckedBus extends CheckedOptions {
    readonly topic: string;
    readonly logger: Logger;
}

/** @throws ConfigError `KAFKA_OPTIONS` */
export function checkBus(options: KafkaBusOptions): CheckedBus {
    if (typeof options !== 'object' || options === null)
        throw optionProblem('it needs options: {brokers: [\'localhost:9092\'], topic: \'shop.events\'}.');
    const {topic, ...rest} = options;
    if (!isTopicName(topic))
        throw optionProblem('the topic takes 1 to 249 letters, digits, dots, - and _.');
    return {...checkOptions(rest), topic};
}

/** @throws ConfigError `KAFKA_OPTIONS` */
export function checkSource(options: KafkaEventSourceOptions): CheckedBus & Pick<KafkaEventSourceOptions, 'from'> {
    if (typeof options !== 'object' || options === null)
        throw optionProblem('it needs options: {brokers: [\'localhost:9092\'], topic: \'shop.events\', from: \'start\'}.');
    const {from, ...rest} = options;
    if (from !== 'start' && from !== 'now')
        throw optionProblem('from is \'start\' or \'now\'.');
    return {...checkBus(rest), from};
}
