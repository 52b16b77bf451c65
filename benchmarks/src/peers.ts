import {EventEmitter, once} from 'node:events';
import {Readable} from 'node:stream';
import {EventStore, EventType} from '@castore/core';
import {InMemoryEventStorageAdapter} from '@castore/event-storage-adapter-in-memory';
import * as peer from 'woltage-npm';
import createPeer, {
    Aggregate as PeerAggregate, Event as PeerEvent, NotFoundError as PeerNotFound, z as peerZ, type IEventStore as PeerEventStore, type IStore as PeerStore
} from 'woltage-npm';
import {payload} from './domain.ts';

interface CastoreAccount {
    readonly aggregateId: string;
    readonly version: number;
    readonly balance: number;
}

/** A command with @castore/core on its adapter in memory: load, decide, push. It doesn't validate. */
export function castoreCommand(): (aggregateId: string) => Promise<unknown> {
    const store = new EventStore({
        eventStoreId: 'ACCOUNTS',
        eventTypes: [new EventType({type: 'MOVED'})],
        reducer: (state: CastoreAccount, event): CastoreAccount => ({
            aggregateId: event.aggregateId, version: event.version,
            balance: ((state as CastoreAccount | undefined)?.balance ?? 0) + (event as unknown as {payload: typeof payload}).payload.amount
        }),
        eventStorageAdapter: new InMemoryEventStorageAdapter()
    });
    return async aggregateId => {
        const {aggregate} = await store.getAggregate(aggregateId);
        await store.pushEvent({aggregateId, version: (aggregate?.version ?? 0) + 1, type: 'MOVED', payload});
    };
}

/** The least event store that woltage 1.12 runs on. */
class PeerMemoryEventStore {
    readonly #streams = new Map<string, PeerEvent[]>();

    async connect(): Promise<void> {}

    async close(): Promise<void> {}

    async *read(type: string, id: string, {fromRevision}: {fromRevision?: unknown} = {}): AsyncGenerator<PeerEvent> {
        const stream = this.#streams.get(`${type}-${id}`);
        if (stream === undefined)
            throw new PeerNotFound();
        for (let i = typeof fromRevision === 'bigint' ? Number(fromRevision) : 0; i < stream.length; i++)
            yield stream[i] as PeerEvent;
    }

    async append(type: string, id: string, events: PeerEvent[]): Promise<void> {
        const key = `${type}-${id}`;
        const stream = this.#streams.get(key) ?? [];
        this.#streams.set(key, stream);
        for (const event of events) {
            event.revision = BigInt(stream.length);
            stream.push(event);
        }
    }

    async getLatestPosition(): Promise<null> {
        return null;
    }
}

class PeerMemoryStore {
    prefix = '';
    tables: Record<string, unknown> = {};

    async connect(): Promise<void> {}

    async close(): Promise<void> {}

    defineTables(definitions: object): void {
        for (const name of Object.keys(definitions))
            this.tables[name] = {get: async () => null, set: async () => undefined};
    }
}

let peerRuntimes = 0;
const peerSchema = peerZ.object({amount: peerZ.number(), note: peerZ.string()});

/** A command with the package `woltage` 1.12 from npm, on the least event store in memory. */
export async function peerCommand(): Promise<(aggregateId: string) => Promise<unknown>> {
    class Moved extends PeerEvent<typeof peerSchema> {
        static override schema = peerSchema;
        static override version = 1;
    }
    // Its registry of event classes belongs to the module, so that every runtime needs types of its own.
    Object.defineProperty(Moved, 'name', {value: `Moved${peerRuntimes++}`});
    const account = PeerAggregate.create('account', {
        $init: () => ({balance: 0, moves: 0}),
        [Moved.identity]: (state: {balance: number; moves: number}, event: PeerEvent) =>
            ({balance: state.balance + (event.payload as typeof payload).amount, moves: state.moves + 1})
    });
    account.registerCommand(peerSchema, async function move(_state: unknown, p: typeof payload) {
        return new Moved({payload: p});
    } as never);
    const woltage = await createPeer({
        eventStore: {adapter: PeerMemoryEventStore as unknown as new () => PeerEventStore}, eventClasses: [Moved], aggregates: [account], projectorClasses: [],
        internalStore: {adapter: PeerMemoryStore as unknown as new () => PeerStore}, stores: {}
    } as never);
    return id => woltage.executeCommand('account', id, 'move', payload);
}

/** `woltage` 1.12 as this workspace has it, or another copy of it: its adapters need the one that they were installed with. */
type Peer = typeof peer;

/** A replay with the package `woltage` 1.12 from npm, on the least event store and, unless another one is given, the least store in memory. */
export async function peerReplay(events: number, accounts: number, {default: create, Event, Projector, z}: Peer = peer, store?: object): Promise<() => Promise<number>> {
    const schema = z.object({amount: z.number(), note: z.string()});
    class Moved extends Event<typeof schema> {
        static override schema = schema;
        static override version = 1;
    }
    Object.defineProperty(Moved, 'name', {value: `Moved${peerRuntimes++}`});
    const history = Array.from({length: events}, (_, i) => {
        const event = new Moved({aggregateId: `account-${i % accounts}`, payload});
        Object.assign(event, {position: BigInt(i), revision: BigInt(Math.floor(i / accounts))});
        return event;
    });
    const progress = new EventEmitter();
    const key = z.object({id: z.string()});
    class AccountProjector extends Projector {
        static override schema = {accounts: {key, schema: z.object({balance: z.number(), moves: z.number()})}};
        static override version = 1;

        async [Moved.identity](event: PeerEvent): Promise<void> {
            const {accounts: table} = this.store.tables as unknown as Record<string, PeerTable>;
            const id = event.aggregateId;
            const row = await table?.get({id}) as {balance: number; moves: number} | null ?? {balance: 0, moves: 0};
            await table?.set({id, balance: row.balance + (event.payload as typeof payload).amount, moves: row.moves + 1});
            if (event.position === BigInt(events - 1))
                progress.emit('last');
        }
    }
    class HistoryEventStore extends PeerMemoryEventStore {
        subscribe(): Readable {
            return Readable.from(history);
        }

        override async getLatestPosition(): Promise<never> {
            return BigInt(events - 1) as never;
        }
    }
    class MapStore extends PeerMemoryStore {
        override defineTables(definitions: object): void {
            for (const name of Object.keys(definitions))
                this.tables[name] = new PeerTable();
        }
    }
    let version = 0;
    return async () => {
        const woltage = await create({
            eventStore: {adapter: HistoryEventStore as unknown as new () => PeerEventStore}, eventClasses: version > 0 ? [] : [Moved], aggregates: [], projectorClasses: [AccountProjector],
            internalStore: {adapter: PeerMemoryStore as unknown as new () => PeerStore}, stores: {main: store ?? {adapter: MapStore as unknown as new () => PeerStore}}
        } as never);
        // It says that it has caught up after its second event: what counts is that the last one has been handled.
        const handled = once(progress, 'last');
        await woltage.addProjection('account', ++version, 'AccountProjector', 1, 'main');
        await handled;
        return events;
    };
}

/** Rows by their keys. */
class PeerTable {
    readonly #rows = new Map<string, object>();

    async get({id, projectionId = id}: {readonly id?: string; readonly projectionId?: string | undefined}): Promise<object | null> {
        return this.#rows.get(String(projectionId)) ?? null;
    }

    async set(row: {readonly id?: string; readonly projectionId?: string; readonly [field: string]: unknown}): Promise<void> {
        this.#rows.set(String(row.projectionId ?? row.id), row);
    }
}
