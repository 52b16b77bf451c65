export type {OpenOptions, SQLiteDatabase, SQLiteStatement, SQLiteValue} from './driver.ts';
export {migrate} from './migrate.ts';
export {isBusy, openDatabase} from './open-database.ts';
export {inTransaction, whenNotBusy} from './transaction.ts';
