import {compareValues, StaleRecordError, type ListRecordsOptions, type RecordWrite, type StoreRecord} from 'woltage';
import type {Connection} from './connection.ts';
import type {Keys} from './keys.ts';
import {LIST_RECORDS} from './scripts.ts';
import {BEHIND_TEXT, fromText, toText} from './text.ts';

type KeyedRecord = StoreRecord & {readonly key: string};

const PAGE = 1000;
/** What the commit's script takes for "whatever the token is" and "no record". */
const ANY = '*';
const NONE = '';
const REMOVED = '';

/** The records of one scope. */
export class Records {
    readonly #connection: Connection;
    readonly #keys: Keys;

    constructor(connection: Connection, keys: Keys) {
        this.#connection = connection;
        this.#keys = keys;
    }

    async get(keys: readonly string[]): Promise<(StoreRecord | undefined)[]> {
        if (keys.length === 0)
            return [];
        const entries = await this.#connection.getFields(this.#keys.records, keys.map(toText));
        return entries.map(entry => entry === null ? undefined : parse(entry));
    }

    async list(prefix: string, {after, limit = Infinity}: ListRecordsOptions): Promise<KeyedRecord[]> {
        const records: KeyedRecord[] = [];
        const start = toText(prefix);
        let from = after !== undefined && compareValues(after, prefix) >= 0 ? `(${toText(after)}` : `[${start}`;
        for (; ;) {
            const count = Math.min(PAGE, limit - records.length);
            const [keys, entries] = await this.#connection.run(
                LIST_RECORDS, [this.#keys.records, this.#keys.recordKeys], [from, `(${start}${BEHIND_TEXT}`, String(count)]
            ) as [string[], (string | null)[]];
            for (const [i, key] of keys.entries())
                records.push({key: fromText(key), ...parse(entries[i] as string)});
            if (keys.length < count || records.length >= limit)
                return records;
            from = `(${keys.at(-1) as string}`;
        }
    }
}

/** What the commit's script needs of a record: its key, the token it must have, its entry. */
export const recordArguments = ({key, value, token, expected}: RecordWrite): string[] => [
    toText(key),
    expected === undefined ? ANY : expected === null ? NONE : JSON.stringify(expected),
    value === null ? REMOVED : `${JSON.stringify(token)}\n${toText(value)}`
];

export const staleRecord = ({key}: RecordWrite): StaleRecordError =>
    new StaleRecordError(`Record '${key}' was changed by somebody else.`, {details: {key}});

function parse(entry: string): StoreRecord {
    const end = entry.indexOf('\n');
    return {token: JSON.parse(entry.slice(0, end)) as string, value: fromText(entry.slice(end + 1))};
}
