import {brokerConformance} from '@woltage/testing';
import {describe, it} from 'vitest';
import {brokerUnderTest, kafkaJsBrokerFor} from './support/kafka.ts';

for (const idempotent of [true, false])
    brokerConformance({describe, it}, `KafkaJsBroker, ${idempotent ? '' : 'not '}idempotent`, () => brokerUnderTest({isOld: true}, server => kafkaJsBrokerFor(server, {idempotent})), {outages: true});
