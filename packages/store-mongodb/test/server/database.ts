import {Collection} from './collection.ts';
import {Sessions} from './transactions.ts';

/** All that a server keeps, which outlives its crashes. */
export class Data {
    readonly clock = {now: 0};
    readonly sessions = new Sessions(this.clock);
    /** Called before each single write: what it throws ends the command there, and the writes before it stay. */
    beforeWrite: (() => void | Promise<void>) | undefined;
    readonly #collections = new Map<string, Collection>();

    /** A collection, which is made where it is missing. */
    collection(database: string, name: string): Collection {
        const namespace = `${database}.${name}`;
        let collection = this.#collections.get(namespace);
        if (collection === undefined)
            this.#collections.set(namespace, collection = new Collection(namespace));
        return collection;
    }

    existing(database: string, name: string): Collection | undefined {
        return this.#collections.get(`${database}.${name}`);
    }

    names(database: string): string[] {
        return [...this.#collections.keys()].filter(namespace => namespace.startsWith(`${database}.`)).map(namespace => namespace.slice(database.length + 1));
    }

    drop(database: string, name: string): boolean {
        return this.#collections.delete(`${database}.${name}`);
    }
}
