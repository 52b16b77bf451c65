export {MemoryBroker} from './memory-broker.ts';
export {MemoryBrokerData, type MemoryBrokerOptions} from './memory-broker-data.ts';
export {MemoryEventStore} from './memory-event-store.ts';
export {MemoryEventStoreData} from './memory-event-store-data.ts';
export {MemoryStore, MemoryStoreData} from './memory-store.ts';
