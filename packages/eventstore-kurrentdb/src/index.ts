export {KurrentDBEventStore, KurrentDBEventStore as default} from './kurrentdb-event-store.ts';
export type {KurrentDBEventStoreOptions} from './options.ts';
