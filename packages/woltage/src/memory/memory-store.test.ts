import {storeConformance} from '@woltage/testing';
import {describe, it} from 'vitest';
import {MemoryStore, MemoryStoreData} from 'woltage';

storeConformance({describe, it}, 'MemoryStore', async () => {
    const data = new MemoryStoreData();
    return {store: new MemoryStore(data), second: () => new MemoryStore(data)};
});
