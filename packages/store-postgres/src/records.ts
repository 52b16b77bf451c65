import {fromSortableText, fromText, quote, statementName, textArray, toSortableText, toText, type Database, type Statement, type TextRow, type Transaction} from '@woltage/postgres';
import {StaleRecordError, type ListRecordsOptions, type RecordWrite, type StoreRecord} from 'woltage';

/** The records of one namespace. Keys sort by their code points. */
export class Records {
    readonly #database: Database;
    readonly #table: string;
    readonly #namespace: string;

    constructor(database: Database, schema: string, namespace: string) {
        this.#database = database;
        this.#table = `${quote(schema)}.woltage_records`;
        this.#namespace = toText(namespace);
    }

    async get(keys: readonly string[]): Promise<(StoreRecord | undefined)[]> {
        if (keys.length === 0)
            return [];
        const found = await this.#database.query({
            text: `SELECT key, value, token FROM ${this.#table} WHERE namespace = $1 AND key = ANY($2::text[])`, values: [this.#namespace, textArray(keys.map(toSortableText))]
        });
        const records = new Map(found.map(([key, value, token]) => [key, {value: fromText(value as string), token: fromText(token as string)}]));
        return keys.map(key => records.get(toSortableText(key)));
    }

    async list(prefix: string, {after, limit}: ListRecordsOptions): Promise<(StoreRecord & {readonly key: string})[]> {
        const start = toSortableText(prefix);
        const from = after === undefined ? undefined : toSortableText(after);
        const end = endOfPrefix(start);
        // Ranges, so that no more is read of the index than is asked for.
        const ranges = ['key >= $2', ...from === undefined ? [] : ['key > $4'], ...end === undefined ? [] : [`key < $${from === undefined ? 4 : 5}`]];
        const found = await this.#database.query({
            text: `SELECT key, value, token FROM ${this.#table} WHERE namespace = $1 AND ${ranges.join(' AND ')} ORDER BY key LIMIT $3`,
            values: [this.#namespace, start, limit ?? null, ...from === undefined ? [] : [from], ...end === undefined ? [] : [end]]
        });
        return found.map(([key, value, token]) => ({key: fromSortableText(key as string), value: fromText(value as string), token: fromText(token as string)}));
    }

    /** The statements that write the records; each gives the keys that were as expected. */
    statements(records: readonly RecordWrite[]): RecordStatement[] {
        const kinds = new Map<WriteKind, RecordWrite[]>();
        // In one order for all, so that writers wait for each other rather than get stuck.
        for (const record of [...records].sort((a, b) => a.key < b.key ? -1 : 1)) {
            const kind = kindOf(record);
            kinds.set(kind, [...kinds.get(kind) ?? [], record]);
        }
        return Array.from(kinds, ([kind, group]) => this.#statement(kind, group));
    }

    /** @throws StaleRecordError when not all keys were as expected */
    check({records}: RecordStatement, written: readonly TextRow[]): void {
        const keys = new Set(written.map(([key]) => key));
        const stale = records.find(({key, expected}) => expected !== undefined && !keys.has(toSortableText(key)));
        if (stale !== undefined)
            throw new StaleRecordError(`Record '${stale.key}' of '${fromText(this.#namespace)}' was changed by somebody else.`, {details: {key: stale.key}});
    }

    async clear(run: Transaction['run']): Promise<void> {
        await run({text: `DELETE FROM ${this.#table} WHERE namespace = $1`, values: [this.#namespace]});
    }

    #statement(kind: WriteKind, records: readonly RecordWrite[]): RecordStatement {
        const column = (of: (record: RecordWrite) => string): string => textArray(records.map(of));
        return {
            records, expects: records.filter(({expected}) => expected !== undefined).length, name: statementName(kind, this.#table), text: STATEMENTS[kind](this.#table), values: [
                this.#namespace, column(({key}) => toSortableText(key)),
                ...kind === 'replace' || kind === 'remove' ? [column(({expected}) => toText(expected as string))] : [],
                ...kind === 'remove' || kind === 'clear' || kind === 'absent' ? [] : [column(({value}) => toText(value as string)), column(({token}) => toText(token))]
            ]
        };
    }
}

/** The first text behind all that begin with a prefix, in the order of code points; `undefined` where there is none. */
export function endOfPrefix(prefix: string): string | undefined {
    const characters = Array.from(prefix, character => character.codePointAt(0) as number);
    while (characters.at(-1) === 0x10ffff)
        characters.pop();
    const last = characters.pop();
    // Halves of surrogate pairs are no characters of their own.
    return last === undefined ? undefined : String.fromCodePoint(...characters, last === 0xd7ff ? 0xe000 : last + 1);
}

/** Writes records of one kind. */
export interface RecordStatement extends Statement {
    readonly name: string;
    readonly values: string[];
    readonly records: readonly RecordWrite[];
    /** How many rows it must give, for those records that are expected to be in some state; any number where that is 0. */
    readonly expects: number;
}

type WriteKind = 'create' | 'absent' | 'replace' | 'remove' | 'put' | 'clear';

function kindOf({value, expected}: RecordWrite): WriteKind {
    if (expected === null)
        return value === null ? 'absent' : 'create';
    if (expected === undefined)
        return value === null ? 'clear' : 'put';
    return value === null ? 'remove' : 'replace';
}

/** Each gives the keys that were as expected. Concurrent writers of a row wait for each other, and look again. */
const STATEMENTS: Readonly<Record<WriteKind, (table: string) => string>> = {
    create: table => `INSERT INTO ${table} (namespace, key, value, token) SELECT $1, r.* FROM unnest($2::text[], $3::text[], $4::text[]) r ON CONFLICT (namespace, key) DO NOTHING RETURNING key`,
    put: table => `INSERT INTO ${table} (namespace, key, value, token) SELECT $1, r.* FROM unnest($2::text[], $3::text[], $4::text[]) r
        ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, token = excluded.token RETURNING key`,
    replace: table => `UPDATE ${table} t SET value = r.value, token = r.token FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) r (key, expected, value, token)
        WHERE t.namespace = $1 AND t.key = r.key AND t.token = r.expected RETURNING t.key`,
    remove: table => `DELETE FROM ${table} t USING unnest($2::text[], $3::text[]) r (key, expected) WHERE t.namespace = $1 AND t.key = r.key AND t.token = r.expected RETURNING t.key`,
    clear: table => `DELETE FROM ${table} WHERE namespace = $1 AND key = ANY($2::text[]) RETURNING key`,
    absent: table => `SELECT r.key FROM unnest($2::text[]) r (key) WHERE NOT EXISTS (SELECT FROM ${table} t WHERE t.namespace = $1 AND t.key = r.key)`
};
