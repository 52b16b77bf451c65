import {ConflictError, StaleRecordError} from '../errors/index.ts';
import type {Owner} from '../shared/owner.ts';
import type {Registry} from './registry.ts';

/** A switch of the active version that is under way: the versions it concerns stand still until it is done. */
export interface PendingSwitch {
    readonly id: string;
    /** The versions that must stand still. */
    readonly versions: readonly number[];
    /** Where all of them are to stand; `null` while that isn't known: where they are. */
    readonly position: bigint | null;
    /** Who conducts it. */
    readonly by: Owner;
}

/** Which version of a projection name is active, and from where on its events have effects. */
export interface NameState {
    readonly active: number | null;
    /** Rises with every switch. */
    readonly epoch: number;
    /** Events up to here are history, or have had their effects; -1n: none. */
    readonly cursor: bigint;
    readonly pending?: PendingSwitch | undefined;
}

const NAME = 'name/';
const initialState: NameState = {active: null, epoch: 0, cursor: -1n};

/** The states of projection names: one record each, which all processes see. */
export class NameStates {
    readonly #registry: Registry;
    readonly #parsed = new Map<string, {readonly token: string; readonly state: NameState}>();

    constructor(registry: Registry) {
        this.#registry = registry;
    }

    /** The state as this process knows it. */
    get(name: string): NameState {
        const record = this.#registry.get(NAME + name);
        if (record === undefined)
            return initialState;
        let parsed = this.#parsed.get(name);
        if (parsed?.token !== record.token) {
            parsed = {token: record.token, state: parse(record.value)};
            this.#parsed.set(name, parsed);
        }
        return parsed.state;
    }

    names(): string[] {
        return this.#registry.list(NAME).map(([key]) => key.slice(NAME.length));
    }

    /**
     * Changes the state, which must be as this process knows it.
     *
     * @param others Records that are written together with it
     * @throws ConflictError `PROJECTION_CHANGED` when another process has changed it
     */
    async set(name: string, state: NameState, others: Readonly<Record<string, string | null>> = {}): Promise<void> {
        try {
            await this.#registry.write({...others, [NAME + name]: serialize(state)});
        } catch (error) {
            if (error instanceof StaleRecordError)
                throw new ConflictError(`The active version of projection '${name}' was changed by another process. Look again and retry.`, {code: 'PROJECTION_CHANGED', cause: error});
            throw error;
        }
    }
}

const serialize = ({pending, ...state}: NameState): string => JSON.stringify({
    ...state, cursor: state.cursor.toString(),
    ...pending === undefined ? {} : {pending: {...pending, position: pending.position?.toString() ?? null}}
});

function parse(value: string): NameState {
    const {pending, cursor, ...state} = JSON.parse(value) as Omit<NameState, 'cursor' | 'pending'> & {
        cursor: string; pending?: Omit<PendingSwitch, 'position'> & {position: string | null};
    };
    return {
        ...state, cursor: BigInt(cursor),
        ...pending === undefined ? {} : {pending: {...pending, position: pending.position === null ? null : BigInt(pending.position)}}
    };
}
