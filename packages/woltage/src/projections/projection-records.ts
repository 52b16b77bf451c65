import {ConflictError, StaleRecordError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import {uuidV7} from '../shared/uuid.ts';

/** A projection, as it was added. */
export interface ProjectionDefinition {
    readonly name: string;
    readonly version: number;
    readonly projectorName: string;
    readonly projectorVersion: number;
    readonly storeName: string;
    /** New with every addition, so that what was left behind by an earlier one is told apart. */
    readonly generation: string;
}

/** Which version of a projection name is active, and from where on its events have effects. */
export interface NameState {
    readonly active: number | null;
    /** Rises with every switch. */
    readonly epoch: number;
    /** Events up to here are history, or have had their effects; -1n: none. */
    readonly cursor: bigint;
}

const PROJECTION = 'projection/';
const NAME = 'name/';
const initialState: NameState = {active: null, epoch: 0, cursor: -1n};

/** The registered projections and the states of their names, persisted in the internal store. Each is a record of its own. */
export class ProjectionRecords {
    readonly #store: IStore;
    readonly #names = new Map<string, {readonly state: NameState; readonly token: string}>();

    constructor(store: IStore) {
        this.#store = store;
    }

    /** Reads everything and returns the projections. */
    async load(): Promise<readonly ProjectionDefinition[]> {
        this.#names.clear();
        for (const {key, value, token} of await this.#store.listRecords(NAME)) {
            const state = JSON.parse(value) as Omit<NameState, 'cursor'> & {cursor: string};
            this.#names.set(key.slice(NAME.length), {state: {...state, cursor: BigInt(state.cursor)}, token});
        }
        const records = await this.#store.listRecords(PROJECTION);
        return records.map(({value}) => JSON.parse(value) as ProjectionDefinition);
    }

    /** @throws ConflictError `PROJECTION_EXISTS` when another process has added it in the meantime */
    async add(definition: ProjectionDefinition): Promise<void> {
        const key = `${PROJECTION}${definition.name}@${definition.version}`;
        try {
            await this.#store.commit({records: [{key, value: JSON.stringify(definition), token: uuidV7(), expected: null}]});
        } catch (error) {
            if (error instanceof StaleRecordError)
                throw new ConflictError(`Projection '${definition.name}@${definition.version}' already exists.`, {code: 'PROJECTION_EXISTS', cause: error});
            throw error;
        }
    }

    async remove(name: string, version: number): Promise<void> {
        await this.#store.commit({records: [{key: `${PROJECTION}${name}@${version}`, value: null, token: uuidV7()}]});
    }

    state(name: string): NameState {
        return this.#names.get(name)?.state ?? initialState;
    }

    /** @throws ConflictError `PROJECTION_CHANGED` when another process has changed it in the meantime */
    async setState(name: string, state: NameState): Promise<void> {
        const token = uuidV7();
        const value = JSON.stringify({...state, cursor: state.cursor.toString()});
        const expected = this.#names.get(name)?.token ?? null;
        try {
            await this.#store.commit({records: [{key: NAME + name, value, token, expected}]});
        } catch (error) {
            if (error instanceof StaleRecordError)
                throw new ConflictError(`The active version of projection '${name}' was changed by another process. Look again and retry.`, {code: 'PROJECTION_CHANGED', cause: error});
            throw error;
        }
        this.#names.set(name, {state, token});
    }
}
