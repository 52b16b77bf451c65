import {createHash} from 'node:crypto';
import {toText} from './text.ts';

/**
 * A namespace as part of a name: itself where that can be, otherwise readable and with a hash behind a `~`, so that no two are ever the same.
 */
export function scopeName(namespace: string): string {
    if (/^[A-Za-z0-9@_-]{1,64}$/.test(namespace))
        return namespace;
    const readable = namespace.replace(/[^A-Za-z0-9@_-]+/g, '_').slice(0, 40);
    return `${readable}~${createHash('sha256').update(toText(namespace)).digest('hex').slice(0, 24)}`;
}

/** The collections of one scope: its tables, for example `woltage.user@1.accounts`, and those that all scopes share. */
export class Names {
    /** Where records are, by scope and key. */
    readonly records: string;
    /** Which tables there are. */
    readonly tables: string;
    /** Commits that are under way, on servers without transactions. */
    readonly redo: string;
    /** Who commits to which scope, on servers with transactions. */
    readonly sessions: string;
    readonly scope: string;
    readonly #prefix: string;

    constructor(prefix: string, namespace: string) {
        this.#prefix = prefix;
        this.scope = scopeName(namespace);
        this.records = `${prefix}.records`;
        this.tables = `${prefix}.tables`;
        this.redo = `${prefix}.redo`;
        this.sessions = `${prefix}.sessions`;
    }

    table(name: string): string {
        return `${this.#prefix}.${this.scope}.${name}`;
    }
}
