export {KafkaBroker, KafkaBroker as default} from './kafka-broker.ts';
export {KafkaJsBroker} from './kafkajs/kafkajs-broker.ts';
export type {KafkaBrokerOptions, KafkaConnection, KafkaSasl} from './options.ts';
export {ComposedEventStore, type ComposedEventStoreOptions} from './bus/composed-event-store.ts';
export {KafkaEventSource} from './bus/kafka-event-source.ts';
export type {KafkaBusOptions, KafkaEventSourceOptions} from './bus/bus-options.ts';
