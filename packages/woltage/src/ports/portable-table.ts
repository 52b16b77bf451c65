import {compileFilter, compileQuery} from './compile-query.ts';
import type {ITable} from './table.ts';
import type {TableAccess, TableSpec} from './table-access.ts';
import type {Row} from './table-definition.ts';
import {rowId} from './table-spec.ts';

type FindArguments = Parameters<ITable['find']>;

/** The portable methods of a table over any access. Adapters extend it with the driver's own methods. */
export class PortableTable implements ITable {
    protected readonly spec: TableSpec;
    protected readonly access: TableAccess;
    /** The last key field that was asked for: what is read is often written next, and then is the same string, whose hash is known. */
    #lastKey: string | undefined;
    #lastId = '';

    constructor(spec: TableSpec, access: TableAccess) {
        this.spec = spec;
        this.access = access;
    }

    // Not async: on a hot path every promise counts.
    get(key: object): Promise<Row | null> {
        return attempt(() => this.access.get(this.spec, this.#idOf(key as Row)));
    }

    set(entry: object): Promise<void> {
        return attempt(() => this.access.set(this.spec, this.#idOf(entry as Row), entry as Row));
    }

    update(key: object, values: object): Promise<boolean> {
        return attempt(() => this.access.update(this.spec, this.#idOf(key as Row), values as Row));
    }

    remove(key: object): Promise<void> {
        return attempt(() => this.access.remove(this.spec, this.#idOf(key as Row)));
    }

    #idOf(key: Row): string {
        const {keyFields} = this.spec;
        const value = keyFields.length === 1 && typeof key === 'object' && (key as Row | null) !== null ? key[keyFields[0] as string] : undefined;
        if (typeof value !== 'string')
            return rowId(this.spec, key);
        if (value !== this.#lastKey) {
            this.#lastId = rowId(this.spec, key);
            this.#lastKey = value;
        }
        return this.#lastId;
    }

    async find(filter?: FindArguments[0], options?: FindArguments[1]): Promise<Row[]> {
        return this.access.find(this.spec, compileQuery(this.spec, filter, options));
    }

    async findOne(filter?: FindArguments[0], options?: FindArguments[1]): Promise<Row | null> {
        const rows = await this.access.find(this.spec, compileQuery(this.spec, filter, {...options, limit: 1}));
        return rows[0] ?? null;
    }

    async count(filter?: FindArguments[0]): Promise<number> {
        return this.access.count(this.spec, compileFilter(this.spec, filter));
    }
}

/** A promise of the result, also when it is an error at once. */
function attempt<R>(call: () => Promise<R>): Promise<R> {
    try {
        return call();
    } catch (error) {
        return Promise.reject(error);
    }
}
