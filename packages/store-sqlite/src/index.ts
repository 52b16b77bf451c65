export {SQLiteStore, SQLiteStore as default, type SQLiteNative, type SQLiteStoreOptions} from './sqlite-store.ts';
export type {SQLiteDatabase, SQLiteStatement, SQLiteValue} from '@woltage/sqlite';
