import type {Binary, BSONSerializeOptions, Collection, Db, Document} from 'mongodb';
import type {Names} from './names.ts';

/** Bookkeeping of the redo record within a document: the number of the commit that wrote it, and when it was removed. */
export interface Written {
    readonly c?: number;
    readonly removed?: Date;
}

/** A row: its fields, and what belongs to the store. */
export interface RowDocument extends Document {
    _id: string;
    _w?: Written;
}

/** A record, under its scope's name and its key. */
export interface RecordDocument {
    _id: string;
    value: string;
    token: string;
    _w?: Written;
}

/** A table that was created. */
export interface TableDocument {
    /** The collection's name. */
    _id: string;
    scope: string;
}

/** The log of a scope, or a part of its text. */
export interface RedoDocument {
    _id: string;
    token: string;
    text: string;
    /** How many parts more the text has, which are kept under the token. */
    parts: number;
    at: Date;
}

/** A session that commits to a scope. */
export interface SessionDocument {
    _id: string;
    scope: string;
    session: Binary;
    at: Date;
}

/** Integers of 64 bits come as bigint: a Long is how a bigint is kept. */
const BSON_OPTIONS: BSONSerializeOptions = {
    useBigInt64: true, ignoreUndefined: true,
    // The driver looks names of fields up in here; in its own, empty object it finds `constructor` and the like.
    fieldsAsRaw: Object.create(null) as Document
};

/** The collections of one scope. */
export class Collections {
    readonly database: Db;
    readonly names: Names;
    readonly #tables = new Map<string, Collection<RowDocument>>();

    constructor(database: Db, names: Names) {
        this.database = database;
        this.names = names;
    }

    table(name: string): Collection<RowDocument> {
        let table = this.#tables.get(name);
        if (table === undefined)
            this.#tables.set(name, table = this.database.collection<RowDocument>(this.names.table(name), BSON_OPTIONS));
        return table;
    }

    get records(): Collection<RecordDocument> {
        return this.database.collection<RecordDocument>(this.names.records);
    }

    get tables(): Collection<TableDocument> {
        return this.database.collection<TableDocument>(this.names.tables);
    }

    get sessions(): Collection<SessionDocument> {
        return this.database.collection<SessionDocument>(this.names.sessions, {promoteBuffers: false});
    }

    get redo(): Collection<RedoDocument> {
        return this.database.collection<RedoDocument>(this.names.redo);
    }
}
