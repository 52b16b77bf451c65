export {KafkaBroker, KafkaBroker as default} from './kafka-broker.ts';
export type {KafkaBrokerOptions, KafkaConnection, KafkaSasl} from './options.ts';
