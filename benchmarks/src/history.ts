import createWoltage, {MemoryEventStore, MemoryEventStoreData, uuidV7, type AdapterConfig, type EventData, type IStore} from 'woltage';
import {account, AccountProjector, Moved, payload} from './domain.ts';

export const PAGE = 1000;

export function eventOf(): EventData {
    const id = uuidV7();
    return {id, type: 'moved', version: 1, timestamp: Date.now(), payload, meta: {}, correlationId: id, causationId: null, tags: []};
}

/** A history in memory, of accounts in no order, to be replayed into a store. */
export class History {
    readonly accountIds: readonly string[];
    readonly #data = new MemoryEventStoreData();
    #version = 0;

    private constructor(events: number, accounts: number) {
        this.accountIds = Array.from({length: events}, (_, i) => `account-${i * 7919 % accounts}`);
    }

    static async create(events: number, accounts: number): Promise<History> {
        const history = new History(events, accounts);
        const store = new MemoryEventStore(history.#data);
        await store.connect();
        for (let i = 0; i < events; i += PAGE)
            await store.appendAll(history.accountIds.slice(i, i + PAGE).map(aggregateId => ({aggregateName: 'account', aggregateId, events: [eventOf()]})));
        return history;
    }

    /** Replays it into a new version of a projection. @returns The number of events */
    async replay(store: AdapterConfig<IStore>, internalStore = store): Promise<number> {
        const woltage = await createWoltage({
            eventStore: {adapter: MemoryEventStore, args: [this.#data]}, internalStore, stores: {main: store}, eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector]
        });
        await woltage.addProjection('account', ++this.#version, 'AccountProjector', 1, 'main');
        const projection = woltage.getProjection('account', this.#version);
        await projection?.untilLive();
        await woltage.stop();
        return projection?.progress.processed ?? 0;
    }

    /**
     * What the raw driver has to do at least: pages are folded, so that each row is written once a page.
     *
     * @param read The rows of a page that are there already; without it, rows are kept in memory
     */
    async fold(write: (rows: readonly RawAccount[]) => Promise<unknown>, read?: (ids: readonly string[]) => Promise<readonly RawAccount[]>): Promise<number> {
        const known = new Map<string, RawAccount>();
        for (let i = 0; i < this.accountIds.length; i += PAGE) {
            const ids = this.accountIds.slice(i, i + PAGE);
            const rows = read === undefined ? known : new Map((await read([...new Set(ids)])).map(row => [row.id, row]));
            for (const id of ids) {
                let row = rows.get(id);
                if (row === undefined)
                    rows.set(id, row = {id, balance: 0, moves: 0});
                row.balance += payload.amount;
                row.moves++;
            }
            await write(Array.from(new Set(ids), id => rows.get(id) as RawAccount));
        }
        return this.accountIds.length;
    }
}

export interface RawAccount {
    readonly id: string;
    balance: number;
    moves: number;
}
