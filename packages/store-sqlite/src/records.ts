import {StaleRecordError, type ListRecordsOptions, type RecordWrite, type StoreRecord} from 'woltage';
import type {Connection} from './connection.ts';
import {fromText, toText} from './text.ts';

const SELECT = 'SELECT value, token FROM woltage_records WHERE namespace = ? AND key = ?';
const LIST = 'SELECT key, value, token FROM woltage_records WHERE namespace = ? AND key >= ? AND (? IS NULL OR key > ?) ORDER BY key';
const DELETE = 'DELETE FROM woltage_records WHERE namespace = ? AND key = ?';
const UPSERT = 'INSERT INTO woltage_records (namespace, key, value, token) VALUES (?, ?, ?, ?) '
    + 'ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, token = excluded.token';

/** The records of one namespace. The methods work inside a read or write of the connection. */
export class Records {
    readonly #connection: Connection;
    readonly #namespace: string;

    constructor(connection: Connection, namespace: string) {
        this.#connection = connection;
        this.#namespace = toText(namespace);
    }

    get(key: string): StoreRecord | undefined {
        const row = this.#connection.select(SELECT).get(this.#namespace, toText(key)) as [string, string] | undefined;
        return row && {value: fromText(row[0]), token: fromText(row[1])};
    }

    list(prefix: string, {after, limit = Infinity}: ListRecordsOptions): (StoreRecord & {readonly key: string})[] {
        const start = toText(prefix);
        const from = after === undefined ? null : toText(after);
        const records: (StoreRecord & {readonly key: string})[] = [];
        for (const [key, value, token] of this.#connection.select(LIST).iterate(this.#namespace, start, from, from) as IterableIterator<[string, string, string]>) {
            if (!key.startsWith(start) || records.length >= limit)
                break;
            records.push({key: fromText(key), value: fromText(value), token: fromText(token)});
        }
        return records;
    }

    /** @throws StaleRecordError */
    write({key, value, token, expected}: RecordWrite): void {
        if (expected !== undefined && (this.get(key)?.token ?? null) !== expected)
            throw new StaleRecordError(`Record '${key}' of '${fromText(this.#namespace)}' was changed by somebody else.`, {details: {key}});
        if (value === null)
            this.#connection.prepare(DELETE).run(this.#namespace, toText(key));
        else
            this.#connection.prepare(UPSERT).run(this.#namespace, toText(key), toText(value), toText(token));
    }
}
