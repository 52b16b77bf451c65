import {brokerConformance} from '@woltage/testing';
import {describe, it} from 'vitest';
import {brokerUnderTest} from './support/kafka.ts';

for (const isOld of [false, true])
    brokerConformance({describe, it}, `KafkaBroker with ${isOld ? 'an old' : 'a new'} broker`, () => brokerUnderTest({isOld}), {outages: true});
