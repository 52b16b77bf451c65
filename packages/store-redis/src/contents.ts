import {UnavailableError, type TableSpec} from 'woltage';
import type {Connection} from './connection.ts';
import type {Keys} from './keys.ts';
import {CHANGE_CONTENTS, DROP} from './scripts.ts';

/** An index as it is kept: the fields of the declaration, and the key fields behind them, so that the order is total. */
export interface Index {
    readonly fields: readonly string[];
    /** False while the rows that were there before it are still being taken in. */
    readonly isReady: boolean;
}

/** A table as Redis holds it. Who writes keeps all of its indexes, also those that another version of the program has declared. */
export interface Layout {
    readonly table: string;
    /** As it stands in the contents; calls that rely on it are refused when it has changed. '' when there is no such table. */
    readonly text: string;
    readonly indexes: readonly Index[];
}

const MAX_ATTEMPTS = 20;
const TABLE = 'table:';
const OWN = 'own:';

/** What a scope holds: the hash `contents` names its tables with their indexes, and the keys for native use. */
export class Contents {
    readonly #connection: Connection;
    readonly #keys: Keys;
    readonly #layouts = new Map<string, Layout>();

    constructor(connection: Connection, keys: Keys) {
        this.#connection = connection;
        this.#keys = keys;
    }

    /** The field of a table. */
    static fieldOf(table: string): string {
        return `${TABLE}${table}`;
    }

    /** What is known of a table; it may have changed since. */
    async layout(table: string): Promise<Layout> {
        return this.#layouts.get(table) ?? await this.load(table);
    }

    /** The layout of a table as it is now. */
    async load(table: string): Promise<Layout> {
        const text = await this.#connection.send('HGET', this.#keys.contents, Contents.fieldOf(table)) as string | null;
        const layout = parse(table, text ?? '');
        this.#layouts.set(table, layout);
        return layout;
    }

    /** Forgets what has turned out to be outdated. */
    forget(): void {
        this.#layouts.clear();
    }

    /** Makes the table known where it isn't, with the indexes of its spec. */
    async open(table: string, spec: TableSpec | undefined): Promise<Layout> {
        const layout = await this.layout(table);
        return layout.text === '' ? this.declare(table, spec) : layout;
    }

    /** Makes the table known with all indexes of its spec; new ones are not ready where there are rows already. */
    declare(table: string, spec: TableSpec | undefined): Promise<Layout> {
        const wanted = spec === undefined ? [] : indexedFields(spec);
        return this.#change(table, ({text, indexes}) => {
            const missing = wanted.filter(fields => !indexes.some(index => isSame(index.fields, fields)));
            return text !== '' && missing.length === 0 ? undefined : isReady => [...indexes, ...missing.map(fields => ({fields, isReady}))];
        });
    }

    async markReady(table: string, fields: readonly string[]): Promise<void> {
        await this.#change(table, ({indexes}) =>
            indexes.some(index => isSame(index.fields, fields) && !index.isReady)
                ? () => indexes.map(index => isSame(index.fields, fields) ? {...index, isReady: true} : index)
                : undefined);
    }

    /** Removes all that the scope holds. */
    async drop(): Promise<void> {
        await retry(async () => {
            this.forget();
            const contents = await this.#all();
            const keys = [this.#keys.contents, this.#keys.records, this.#keys.recordKeys, ...contents.flatMap(([field, text]) => this.#keysOf(field, text))];
            return await this.#connection.run(DROP, keys, [this.#keys.channel, ...contents.flat()]) === 1 || undefined;
        });
    }

    async #all(): Promise<(readonly [field: string, value: string])[]> {
        const fields = await this.#connection.send('HKEYS', this.#keys.contents) as string[];
        const values = fields.length === 0 ? [] : await this.#connection.getFields(this.#keys.contents, fields);
        return fields.map((field, i) => [field, values[i] ?? '']);
    }

    #keysOf(field: string, text: string): string[] {
        if (field.startsWith(OWN))
            return [field.slice(OWN.length)];
        const table = field.slice(TABLE.length);
        return [this.#keys.rows(table), ...parse(table, text).indexes.flatMap(({fields}) => [this.#keys.index(table, fields), this.#keys.entries(table, fields)])];
    }

    /** `next` gives `undefined` when nothing is to be changed, or else the indexes to be, given whether new ones are ready. */
    #change(table: string, next: (layout: Layout) => ((isReady: boolean) => readonly Index[]) | undefined): Promise<Layout> {
        return retry(async () => {
            const layout = await this.load(table);
            const change = next(layout);
            if (change === undefined)
                return layout;
            const [ifEmpty, ifRows] = [true, false].map(isReady => JSON.stringify(change(isReady))) as [string, string];
            await this.#connection.run(CHANGE_CONTENTS, [this.#keys.contents, this.#keys.rows(table)], [Contents.fieldOf(table), layout.text, ifEmpty, ifRows]);
            return undefined;
        });
    }
}

/** The field of a key for native use: it makes the key known, so that `drop` removes it. */
export const ownField = (key: string): string => `${OWN}${key}`;

/** Repeats a step that others can get in the way of, until it gives something. */
export async function retry<R>(step: () => Promise<R | undefined>): Promise<R> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const result = await step();
        if (result !== undefined)
            return result;
    }
    throw new UnavailableError(`The tables were changed ${MAX_ATTEMPTS} times in a row by somebody else.`, {code: 'REDIS_UNAVAILABLE'});
}

const parse = (table: string, text: string): Layout => ({table, text, indexes: text === '' ? [] : JSON.parse(text) as Index[]});

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((field, i) => field === b[i]);

const indexedFields = ({indexes, keyFields}: TableSpec): string[][] => {
    const all = indexes.map(fields => [...new Set([...fields, ...keyFields])]);
    return all.filter((fields, i) => all.findIndex(other => isSame(other, fields)) === i);
};
