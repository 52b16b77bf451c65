export {MemoryEventStore, MemoryEventStoreData} from './memory-event-store.ts';
export {MemoryStore, MemoryStoreData} from './memory-store.ts';
