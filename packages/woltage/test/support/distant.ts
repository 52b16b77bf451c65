import {MemoryStore, type CommitBatch, type ListRecordsOptions, type MemoryStoreData, type ScopeOptions, type TableDefinitionMap} from 'woltage';

const travel = (): Promise<void> => new Promise(resolve => setTimeout(resolve, Math.random() * 5));

/** A store at the other end of a network: what it is told and what it tells take their time. */
export class DistantStore<T extends TableDefinitionMap = TableDefinitionMap> extends MemoryStore<T> {
    readonly #data: MemoryStoreData;
    readonly #connection: {open: boolean};

    constructor(data: MemoryStoreData, scope: {readonly options: ScopeOptions<T>; readonly connection: {open: boolean}} | undefined) {
        const connection = scope?.connection ?? {open: false};
        super(data, scope ?? {options: {namespace: '', tables: {} as T}, connection});
        this.#data = data;
        this.#connection = connection;
    }

    override scope<S extends TableDefinitionMap>(options: ScopeOptions<S>): DistantStore<S> {
        return new DistantStore<S>(this.#data, {options, connection: this.#connection});
    }

    override async commit(batch: CommitBatch): Promise<void> {
        await travel();
        await super.commit(batch);
        await travel();
    }

    override async listRecords(prefix: string, options?: ListRecordsOptions) {
        const records = await super.listRecords(prefix, options);
        await travel();
        return records;
    }
}
