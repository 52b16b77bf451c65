export {PostgresEventStore, PostgresEventStore as default, type PostgresEventStoreOptions} from './postgres-event-store.ts';
export type {TransactionalEventStore} from './transaction-append.ts';
