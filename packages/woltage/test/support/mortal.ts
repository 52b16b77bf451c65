import {MemoryEventStore, MemoryStore, type MemoryEventStoreData, type MemoryStoreData} from 'woltage';

/** A process that can be killed: from then on, nothing that it does has an effect, and none of its calls returns. */
export class Life {
    isOver = false;

    /** Passes while it lives; never returns afterwards. */
    async beat(): Promise<void> {
        if (this.isOver)
            await new Promise(() => undefined);
    }
}

const CALLS = new Set(['commit', 'getRecords', 'listRecords', 'getRows', 'findRows', 'countRows', 'createTables', 'dropTables', 'append', 'appendAll', 'getLatestPosition']);

/** Cuts an adapter off when its process is killed, before or after any of its calls. */
function mortal<T extends object>(adapter: T, life: Life): T {
    return new Proxy(adapter, {
        get(target, name): unknown {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== 'function')
                return value;
            if (name === 'scope')
                return (...args: unknown[]) => mortal((value as (...a: unknown[]) => object).apply(target, args), life);
            if (!CALLS.has(String(name)))
                return value.bind(target) as unknown;
            return async (...args: unknown[]) => {
                await life.beat();
                const result = await (value as (...a: unknown[]) => unknown).apply(target, args);
                await life.beat();
                return result;
            };
        }
    });
}

/** Adapters of a process on data that outlives it. */
export function mortalAdapters(life: Life, events: MemoryEventStoreData, rows: MemoryStoreData) {
    // A constructor may return another object than its own: it is the adapter then.
    const eventStore = {adapter: function MortalEventStore() {
        return mortal(new MemoryEventStore(events), life);
    } as unknown as new () => MemoryEventStore};
    const store = {adapter: function MortalStore() {
        return mortal(new MemoryStore(rows), life);
    } as unknown as new () => MemoryStore};
    return {eventStore, internalStore: store, stores: {main: store}};
}
