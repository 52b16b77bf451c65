export {MongoDBStore, MongoDBStore as default} from './mongodb-store.ts';
export type {MongoDBTable, MongoDBTableMap, MongoDBTableMethods} from './mongodb-table.ts';
export type {MongoDBNative} from './native.ts';
export type {MongoDBStoreOptions} from './options.ts';
