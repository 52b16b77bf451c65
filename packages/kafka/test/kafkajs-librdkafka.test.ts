import {brokerConformance} from '@woltage/testing';
import {afterAll, it, describe} from 'vitest';
import {describeWith} from '../../../test/servers/find-server.ts';
import {compileMock, mock, mockUnderTest} from './support/librdkafka-mock.ts';

describeWith(mock, 'librdkafka\'s mock cluster', () => {
    const {program, remove} = compileMock();
    afterAll(remove);
    brokerConformance({describe, it: (title, run) => it(title, run, 60_000)}, 'KafkaJsBroker with it', () => mockUnderTest(program), {outages: true});
});
