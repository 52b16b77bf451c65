import {toText} from './text.ts';

/**
 * The names of a scope's keys. They share the hash tag `{prefix:namespace}`: on a Redis Cluster all of them are in one slot, and can
 * be changed together.
 */
export class Keys {
    /** A hash: record key to token, line feed, value. The token is written as JSON. */
    readonly records: string;
    /** A sorted set of the record keys. */
    readonly recordKeys: string;
    /** A hash: what this scope holds, see `Contents`. */
    readonly contents: string;
    /** The channel that tells of changed records. */
    readonly channel: string;
    readonly #tag: string;

    constructor(prefix: string, namespace: string) {
        this.#tag = `{${prefix}:${escape(namespace)}}`;
        this.records = `${this.#tag}:records`;
        this.recordKeys = `${this.#tag}:record-keys`;
        this.contents = `${this.#tag}:contents`;
        this.channel = `${this.#tag}:changes`;
    }

    /** A hash: row id to row as JSON. */
    rows(table: string): string {
        return `${this.#tag}:rows:${escape(table)}`;
    }

    /** A sorted set: the sortable fields of each row and, behind a NUL, its id. */
    index(table: string, fields: readonly string[]): string {
        return `${this.#tag}:index:${escape(table)}:${fields.map(escape).join(',')}`;
    }

    /** A hash: row id to the sortable fields that the index has for it. */
    entries(table: string, fields: readonly string[]): string {
        return `${this.#tag}:entries:${escape(table)}:${fields.map(escape).join(',')}`;
    }

    /** A key for native use. */
    own(name: string): string {
        return `${this.#tag}:own:${escape(name)}`;
    }
}

/** Leaves no braces, colons or commas. `@` is harmless, and common in namespaces. */
const escape = (name: string): string => encodeURIComponent(toText(name)).replaceAll('%40', '@');
