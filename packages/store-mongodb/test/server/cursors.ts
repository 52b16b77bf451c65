import {Long} from 'bson';
import {CommandError} from './errors.ts';
import type {Doc} from './wire.ts';

const FIRST_BATCH = 101;
const NEXT_BATCH = 1000;

/** Results that are fetched batch by batch. */
export class Cursors {
    readonly #open = new Map<bigint, {readonly namespace: string; readonly docs: Doc[]}>();
    #last = 0n;

    first(namespace: string, docs: readonly Doc[], batchSize: number = FIRST_BATCH, isSingle = false): Doc {
        const rest = isSingle ? [] : docs.slice(batchSize);
        const id = rest.length === 0 ? 0n : ++this.#last;
        if (id !== 0n)
            this.#open.set(id, {namespace, docs: rest});
        return {cursor: {firstBatch: docs.slice(0, batchSize), id: Long.fromBigInt(id), ns: namespace}, ok: 1};
    }

    next(id: bigint, batchSize: number = NEXT_BATCH): Doc {
        const cursor = this.#open.get(id);
        if (cursor === undefined)
            throw new CommandError(43, 'CursorNotFound', `cursor id ${id} not found`);
        const nextBatch = cursor.docs.splice(0, batchSize || NEXT_BATCH);
        if (cursor.docs.length === 0)
            this.#open.delete(id);
        return {cursor: {nextBatch, id: Long.fromBigInt(cursor.docs.length === 0 ? 0n : id), ns: cursor.namespace}, ok: 1};
    }

    kill(ids: readonly bigint[]): Doc {
        const killed = ids.filter(id => this.#open.delete(id));
        return {cursorsKilled: killed, cursorsNotFound: ids.filter(id => !killed.includes(id)), cursorsAlive: [], cursorsUnknown: [], ok: 1};
    }

    /** How many are open. */
    get size(): number {
        return this.#open.size;
    }
}
