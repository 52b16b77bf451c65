import type {createClient} from 'redis';
import type {TableDefinitionMap} from 'woltage';
import {send} from './client.ts';
import type {Connection} from './connection.ts';
import {ownField} from './contents.ts';
import type {Keys} from './keys.ts';

/** What native access gets, see `RedisStore.native`. */
export interface RedisNative<T extends TableDefinitionMap> {
    /** The store's client. With a cluster's client handed in, it is that one. */
    readonly client: ReturnType<typeof createClient>;
    /**
     * The key of a table's rows: a hash from the id (the key as JSON) to the row as JSON, in which a Date is `{"$date": ms}` and a bigint
     * `{"$bigint": "digits"}`.
     */
    rows(table: keyof T & string): string;
    /** A key for data of one's own, in the same slot; `dropTables` removes it. */
    key(name: string): string;
}

export function runNative<T extends TableDefinitionMap, R>(
    connection: Connection, keys: Keys, run: (native: RedisNative<T>) => R | Promise<R>
): Promise<R> {
    return connection.use(async ({client}) => {
        const known: Promise<unknown>[] = [];
        const key = (name: string): string => {
            const own = keys.own(name);
            // Sent before any command that uses the key: no crash leaves behind what nobody knows.
            known.push(send(client, keys.contents, ['HSET', keys.contents, ownField(own), '']));
            return own;
        };
        const native = {client: client as unknown as RedisNative<T>['client'], rows: (table: string) => keys.rows(table), key};
        const result = new Promise<R>(resolve => resolve(run(native)));
        const [outcome, ...additions] = await Promise.allSettled([result, ...known]);
        if (outcome.status === 'rejected')
            throw outcome.reason;
        const failed = additions.find(addition => addition.status === 'rejected');
        if (failed !== undefined)
            throw failed.reason;
        return outcome.value;
    });
}
