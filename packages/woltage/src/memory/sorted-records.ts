import {compareValues, type ListRecordsOptions, type StoreRecord} from '../ports/index.ts';

/** The records of a scope, listed in the order of their keys without looking at the others. */
export class SortedRecords {
    readonly #records = new Map<string, StoreRecord>();
    /** In their order. */
    readonly #keys: string[] = [];

    get(key: string): StoreRecord | undefined {
        return this.#records.get(key);
    }

    set(key: string, record: StoreRecord): void {
        if (!this.#records.has(key))
            this.#keys.splice(this.#placeOf(key), 0, key);
        this.#records.set(key, record);
    }

    delete(key: string): void {
        if (this.#records.delete(key))
            this.#keys.splice(this.#placeOf(key), 1);
    }

    list(prefix: string, {after, limit = Infinity}: ListRecordsOptions): readonly (StoreRecord & {readonly key: string})[] {
        const found: (StoreRecord & {readonly key: string})[] = [];
        const isBehind = after !== undefined && compareValues(after, prefix) >= 0;
        for (let i = isBehind ? this.#placeOf(after, true) : this.#placeOf(prefix); i < this.#keys.length && found.length < limit; i++) {
            const key = this.#keys[i] as string;
            if (!key.startsWith(prefix))
                break;
            found.push({key, ...this.#records.get(key) as StoreRecord});
        }
        return found;
    }

    /** Where a key is or would be; with `behind`, where the next one is. */
    #placeOf(key: string, behind = false): number {
        let low = 0;
        let high = this.#keys.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            const order = compareValues(this.#keys[middle], key);
            if (order < 0 || behind && order === 0)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
