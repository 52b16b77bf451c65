export {SQLiteEventStore, SQLiteEventStore as default, type SQLiteEventStoreOptions} from './sqlite-event-store.ts';
