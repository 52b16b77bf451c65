export {PostgresStore, PostgresStore as default, type PostgresStoreOptions} from './postgres-store.ts';
export type {PostgresNative} from './native.ts';
