import {brokerConformance} from '@woltage/testing';
import {describe, it} from 'vitest';
import {brokerUnderTest, realBrokerUnderTest} from './support/kafka.ts';

for (const isOld of [false, true])
    brokerConformance({describe, it}, `KafkaBroker with ${isOld ? 'an old' : 'a new'} broker`, () => brokerUnderTest({isOld}), {outages: true});

const real = process.env['WOLTAGE_TEST_KAFKA'];
if (real === undefined || real === '')
    describe.skip('KafkaBroker with Apache Kafka (WOLTAGE_TEST_KAFKA=host:port names none)', () => it('keeps the contract', () => undefined));
else
    brokerConformance({describe, it: (title, run) => it(title, run, 120_000)}, `KafkaBroker with ${real}`, () => realBrokerUnderTest(real));
