import type {Index} from './collection.ts';
import {Cursors} from './cursors.ts';
import type {Data} from './database.ts';
import {CommandError} from './errors.ts';
import {aggregate, distinct, find} from './read-commands.ts';
import type {Transaction} from './transactions.ts';
import type {Doc} from './wire.ts';
import {Writer} from './write-commands.ts';

type Run = (command: Doc, database: string, transaction: Transaction | undefined) => Doc | Promise<Doc>;

const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'findAndModify']);
const sizeOf = (value: unknown): number | undefined => value === undefined ? undefined : Number(value);

/** The commands that a client may send once it is let in. */
export class Commands {
    readonly cursors = new Cursors();
    readonly #data: Data;
    readonly #byName: ReadonlyMap<string, Run>;

    constructor(data: Data) {
        this.#data = data;
        const writer = (database: string, command: Doc, transaction: Transaction | undefined): Writer =>
            new Writer(data, data.collection(database, Object.values(command)[0] as string), transaction, Number(command['maxTimeMS'] ?? 0));
        this.#byName = new Map<string, Run>(Object.entries({
            ping: () => ({ok: 1}),
            endSessions: ({endSessions}) => data.sessions.end(endSessions as unknown[]),
            killSessions: ({killSessions}) => data.sessions.end(killSessions as unknown[]),
            buildInfo: () => ({version: '8.0.0', versionArray: [8, 0, 0, 0], ok: 1}),
            commitTransaction: command => data.sessions.commit(command),
            abortTransaction: command => data.sessions.abort(command),
            insert: (command, database, transaction) => writer(database, command, transaction).insert(command),
            update: (command, database, transaction) => writer(database, command, transaction).update(command),
            delete: (command, database, transaction) => writer(database, command, transaction).delete(command),
            findAndModify: (command, database, transaction) => writer(database, command, transaction).findAndModify(command),
            find: (command, database, transaction) => {
                const docs = find(data.collection(database, command['find'] as string), command, transaction);
                return this.cursors.first(`${database}.${command['find'] as string}`, docs, sizeOf(command['batchSize']), command['singleBatch'] === true);
            },
            aggregate: ({aggregate: name, pipeline, cursor}, database, transaction) => {
                const docs = aggregate(data, database, name as string, pipeline as Doc[], transaction);
                return this.cursors.first(`${database}.${name as string}`, docs, sizeOf((cursor as Doc | undefined)?.['batchSize']));
            },
            getMore: ({getMore, batchSize}) => this.cursors.next(BigInt(getMore as number), sizeOf(batchSize)),
            killCursors: ({cursors}) => this.cursors.kill((cursors as number[]).map(BigInt)),
            count: ({count, query = {}}, database, transaction) => ({n: data.collection(database, count as string).find(query as Doc, transaction).length, ok: 1}),
            distinct: (command, database, transaction) => ({values: distinct(data.collection(database, command['distinct'] as string), command, transaction), ok: 1}),
            create: ({create}, database) => this.#create(database, create as string),
            drop: ({drop}, database) => {
                if (!data.drop(database, drop as string))
                    throw new CommandError(26, 'NamespaceNotFound', 'ns not found');
                return {ok: 1};
            },
            dropDatabase: (_command, database) => {
                data.names(database).forEach(name => data.drop(database, name));
                return {ok: 1};
            },
            createIndexes: ({createIndexes, indexes}, database) => this.#createIndexes(database, createIndexes as string, indexes as Index[]),
            listIndexes: ({listIndexes}, database) => this.cursors.first(`${database}.${listIndexes as string}`, [...data.collection(database, listIndexes as string).indexes] as unknown as Doc[]),
            listCollections: ({filter}, database) => {
                const wanted = (filter as Doc | undefined)?.['name'];
                const names = data.names(database).filter(name => wanted === undefined || name === wanted);
                return this.cursors.first(`${database}.$cmd.listCollections`, names.map(name => ({name, type: 'collection', options: {}, info: {readOnly: false}})));
            }
        }));
    }

    /** @throws CommandError */
    async run(name: string, command: Doc): Promise<Doc> {
        const run = this.#byName.get(name);
        if (run === undefined)
            throw new CommandError(59, 'CommandNotFound', `no such command: '${name}'`);
        const database = command['$db'] as string;
        if (name === 'commitTransaction' || name === 'abortTransaction')
            return run(command, database, undefined);
        const transaction = this.#data.sessions.transactionOf(command);
        if (transaction === undefined)
            return WRITES.has(name) ? this.#data.sessions.once(command, async () => run(command, database, undefined)) : run(command, database, undefined);
        return this.#inTransaction(command, async () => run(command, database, transaction));
    }

    async #inTransaction(command: Doc, run: () => Promise<Doc>): Promise<Doc> {
        try {
            const reply = await run();
            if (reply['writeErrors'] !== undefined)
                this.#data.sessions.fail(command);
            return reply;
        } catch (error) {
            this.#data.sessions.fail(command);
            throw error;
        }
    }

    #create(database: string, name: string): Doc {
        if (this.#data.existing(database, name) !== undefined)
            throw new CommandError(48, 'NamespaceExists', `Collection ${database}.${name} already exists.`);
        this.#data.collection(database, name);
        return {ok: 1};
    }

    #createIndexes(database: string, name: string, indexes: readonly Index[]): Doc {
        const collection = this.#data.collection(database, name);
        const before = collection.indexes.length;
        for (const index of indexes) {
            const known = collection.indexes.find(other => other.name === index.name);
            if (known !== undefined && JSON.stringify(known.key) !== JSON.stringify(index.key))
                throw new CommandError(86, 'IndexKeySpecsConflict', `An existing index has the same name as the requested index: ${index.name}`);
            if (known === undefined)
                collection.addIndex(index);
        }
        return {numIndexesBefore: before, numIndexesAfter: collection.indexes.length, createdCollectionAutomatically: false, ok: 1};
    }
}
