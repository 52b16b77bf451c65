import {uuidV7, z, type IStore, type RecordWrite} from 'woltage';

/** What a suite's factory makes: an empty store, not connected yet. */
export interface StoreUnderTest {
    readonly store: IStore;
    /** A second instance on the same data, as another process would have it. */
    readonly second?: (() => IStore) | undefined;
    /** Removes what the store left behind; called after `close`. */
    readonly cleanup?: (() => Promise<void>) | undefined;
}

export const tables = {
    things: {
        key: z.object({id: z.string()}),
        schema: z.object({value: z.unknown(), group: z.string(), rank: z.number()}),
        indexes: [['group', 'rank'], ['value']]
    },
    pairs: {
        key: z.object({left: z.union([z.string(), z.number(), z.bigint(), z.date()]), right: z.string()}),
        schema: z.object({n: z.number()})
    },
    mixed: {
        key: z.object({id: z.string()}),
        schema: z.object({indexed: z.unknown(), plain: z.unknown(), rank: z.number()}),
        indexes: [['indexed'], ['rank', 'indexed']]
    }
};

/** A scope with its tables created. */
export async function openScope(store: IStore, namespace = 'test@1') {
    const scope = store.scope({namespace, tables});
    await scope.createTables();
    return scope;
}

export const record = (key: string, value: string | null, expected?: string | null): RecordWrite & {readonly token: string} =>
    ({key, value, token: uuidV7(), expected});
