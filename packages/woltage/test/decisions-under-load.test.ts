import {beforeEach, describe} from 'vitest';
import {MemoryEventStore, MemoryEventStoreData} from 'woltage';
import {decisionSuite} from '../../../test/decisions/decision-suite.ts';

let data: MemoryEventStoreData;
beforeEach(() => {
    data = new MemoryEventStoreData();
});

decisionSuite({describe, place: 'a memory event store', adapter: () => ({adapter: MemoryEventStore, args: [data]})});
