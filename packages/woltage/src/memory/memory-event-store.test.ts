import {eventStoreConformance} from '@woltage/testing';
import {describe, it} from 'vitest';
import {MemoryEventStore, MemoryEventStoreData} from 'woltage';

eventStoreConformance({describe, it}, 'MemoryEventStore', async () => {
    const data = new MemoryEventStoreData();
    return {eventStore: new MemoryEventStore(data), second: () => new MemoryEventStore(data)};
});
