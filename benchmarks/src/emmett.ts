import {payload} from './domain.ts';
import {installPeers, loadPeer} from './install-peers.ts';

/* The few things of emmett that are used here: it isn't installed with the workspace, for its SQLite driver takes a minute to compile. */
interface Message {
    readonly type: string;
    readonly data: typeof payload;
    readonly metadata: {readonly streamName: string; readonly globalPosition: bigint};
}

interface Document {
    balance: number;
    moves: number;
}

interface Connection {
    command(sql: string, values?: readonly unknown[]): Promise<unknown>;
    querySingle<T>(sql: string, values?: readonly unknown[]): Promise<T | null>;
    close(): void;
}

interface EmmettSQLite {
    getSQLiteEventStore(options: {readonly fileName: string}): {
        appendToStream(stream: string, events: readonly object[]): Promise<{readonly lastEventGlobalPosition: bigint}>;
        consumer(options: {readonly pulling: {readonly batchSize: number}}): {
            processor(options: {
                readonly processorId: string; readonly startFrom: 'BEGINNING'; readonly stopAfter: (message: Message) => boolean;
                readonly eachMessage: (message: Message, context: {readonly connection: Connection}) => Promise<void>;
            }): unknown;
            start(): Promise<void>;
            close(): Promise<void>;
        };
    };
    sqliteConnection(options: {readonly fileName: string}): Connection;
}

interface Emmett {
    getInMemoryDatabase(): unknown;
    inMemoryMultiStreamProjection(options: {
        readonly canHandle: readonly string[]; readonly collectionName: string; readonly getDocumentId: (message: Message) => string;
        readonly evolve: (document: Document | null, message: Message) => Document;
    }): unknown;
    handleInMemoryProjections(options: {readonly projections: readonly unknown[]; readonly events: readonly Message[]; readonly database: unknown}): Promise<void>;
}

/** Installs emmett with its SQLite driver, the first time. @returns Why it can't be had, if it can't */
export const installEmmett = (): string | undefined => installPeers('peers', '@event-driven-io/emmett-sqlite');

const load = <T>(name: string): Promise<T> => loadPeer<T>('peers', name);

/** Fills emmett's SQLite event store, and returns how to rebuild a read model with a consumer of its. */
export async function emmettSQLite(folder: string, events: number, accounts: number): Promise<() => Promise<number>> {
    const {getSQLiteEventStore, sqliteConnection} = await load<EmmettSQLite>('@event-driven-io/emmett-sqlite');
    const fileName = `${folder}/emmett.db`;
    const store = getSQLiteEventStore({fileName});
    let last = 0n;
    for (let account = 0; account < accounts; account++) {
        const list = Array.from({length: events / accounts}, () => ({type: 'moved', data: payload}));
        last = (await store.appendToStream(`account-${account}`, list)).lastEventGlobalPosition;
    }
    let rebuild = 0;
    return async () => {
        const table = `accounts_${++rebuild}`;
        const connection = sqliteConnection({fileName});
        await connection.command(`CREATE TABLE ${table} (id TEXT PRIMARY KEY, data TEXT NOT NULL)`);
        connection.close();
        const consumer = store.consumer({pulling: {batchSize: 1000}});
        let count = 0;
        consumer.processor({
            processorId: table, startFrom: 'BEGINNING', stopAfter: message => message.metadata.globalPosition >= last,
            eachMessage: async ({data, metadata}, {connection: c}) => {
                const row = await c.querySingle<{data: string}>(`SELECT data FROM ${table} WHERE id = ?`, [metadata.streamName]);
                const {balance, moves} = row?.data === undefined ? {balance: 0, moves: 0} : JSON.parse(row.data) as Document;
                await c.command(`INSERT INTO ${table} VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data`,
                    [metadata.streamName, JSON.stringify({balance: balance + data.amount, moves: moves + 1})]);
                count++;
            }
        });
        await consumer.start();
        await consumer.close();
        return count;
    };
}

/** Returns how to rebuild a read model in memory with a projection of emmett's. */
export async function emmettMemory(events: number, accounts: number): Promise<() => Promise<number>> {
    const {getInMemoryDatabase, handleInMemoryProjections, inMemoryMultiStreamProjection} = await load<Emmett>('@event-driven-io/emmett');
    const list = Array.from({length: events}, (_, i): Message => ({type: 'moved', data: payload, metadata: {streamName: `account-${i % accounts}`, globalPosition: BigInt(i)}}));
    const projection = inMemoryMultiStreamProjection({
        canHandle: ['moved'], collectionName: 'accounts', getDocumentId: ({metadata}) => metadata.streamName,
        evolve: (document, {data}) => ({balance: (document?.balance ?? 0) + data.amount, moves: (document?.moves ?? 0) + 1})
    });
    return async () => {
        const database = getInMemoryDatabase();
        for (let i = 0; i < events; i += 1000)
            await handleInMemoryProjections({projections: [projection], events: list.slice(i, i + 1000), database});
        return events;
    };
}
