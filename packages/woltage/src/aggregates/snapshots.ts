import type {IStore} from '../ports/index.ts';
import {decodeJson, encodeJson} from '../shared/json-codec.ts';
import type {Logger} from '../shared/logger.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {Aggregate} from './aggregate.ts';
import type {AggregateState} from './state-cache.ts';

/** The settings of snapshots of one aggregate, merged. */
export interface SnapshotSettings {
    /** A scope of its own. */
    readonly store: IStore;
    /** Events since the last snapshot. */
    readonly every: number;
    /** Of loading, in ms. */
    readonly afterMs: number;
}

const REMOVED_AT_ONCE = 500;

interface StoredSnapshot {
    readonly projectorVersion: number;
    readonly revision: bigint;
    readonly position: bigint;
    readonly state: unknown;
}

const keyOf = ({name}: Aggregate, aggregateId: string): string => JSON.stringify([name, aggregateId]);

/** Keeps the latest snapshot of each aggregate: a help in loading, and never more. What is missing, of another version or unreadable is as if there were none. */
export class Snapshots {
    readonly #settingsOf: (aggregate: Aggregate) => SnapshotSettings | undefined;
    readonly #log: Logger;
    readonly #refused = new Set<Aggregate>();

    constructor(settingsOf: (aggregate: Aggregate) => SnapshotSettings | undefined, log: Logger) {
        this.#settingsOf = settingsOf;
        this.#log = log;
    }

    /** `undefined` where snapshots are switched off, or can't be taken of such states. */
    settingsOf(aggregate: Aggregate): SnapshotSettings | undefined {
        return this.#refused.has(aggregate) ? undefined : this.#settingsOf(aggregate);
    }

    /** Never rejects. */
    async find(aggregate: Aggregate, aggregateId: string): Promise<AggregateState | undefined> {
        const settings = this.#settingsOf(aggregate);
        if (settings === undefined)
            return undefined;
        try {
            const [record] = await settings.store.getRecords([keyOf(aggregate, aggregateId)]);
            return record === undefined ? undefined : decode(aggregate, record.value);
        } catch (err) {
            this.#log.warn({err, aggregate: aggregate.name, aggregateId}, 'A snapshot can\'t be read; the aggregate is loaded without it');
            return undefined;
        }
    }

    /** The revisions of snapshots that can be used, in the order of the ids; -1n where there is none. */
    async revisions(aggregate: Aggregate, aggregateIds: readonly string[]): Promise<bigint[]> {
        const records = await this.#settingsOf(aggregate)?.store.getRecords(aggregateIds.map(id => keyOf(aggregate, id)));
        return aggregateIds.map((_, i) => {
            const record = records?.[i];
            return record === undefined ? -1n : revisionOf(aggregate, record.value);
        });
    }

    /** @returns Whether the state can be kept: it must be plain data */
    async put(aggregate: Aggregate, aggregateId: string, {state, revision, position}: AggregateState): Promise<boolean> {
        const settings = this.settingsOf(aggregate);
        if (settings === undefined)
            return false;
        const value = this.#encode(aggregate, {projectorVersion: versionOf(aggregate), revision, position, state});
        if (value === undefined)
            return false;
        await settings.store.commit({records: [{key: keyOf(aggregate, aggregateId), value, token: uuidV7()}]});
        return true;
    }

    /** Says that loading went wrong behind a snapshot, and is tried without it. */
    suspect(aggregate: Aggregate, aggregateId: string, err: unknown): void {
        this.#log.warn({err, aggregate: aggregate.name, aggregateId}, 'Loading an aggregate from its snapshot failed; it is loaded from all of its events');
    }

    /** Removes all snapshots, of whatever aggregates: what they were made from may not be kept. */
    async removeAll(scopes: readonly IStore[]): Promise<void> {
        for (const scope of scopes) {
            for (; ;) {
                const page = await scope.listRecords('', {limit: REMOVED_AT_ONCE});
                if (page.length === 0)
                    break;
                await scope.commit({records: page.map(({key}) => ({key, value: null, token: uuidV7()}))});
            }
        }
    }

    /** As {@link remove}, but never rejects: what stays is removed when the aggregate is asked for the next time. */
    async tryToRemove(aggregate: Aggregate, aggregateId: string): Promise<void> {
        try {
            await this.remove(aggregate, aggregateId);
        } catch (err) {
            this.#log.warn({err, aggregate: aggregate.name, aggregateId}, 'The snapshot of an erased aggregate could not be removed');
        }
    }

    /** Removes what there is. */
    async remove(aggregate: Aggregate, aggregateId: string): Promise<void> {
        await this.#settingsOf(aggregate)?.store.commit({records: [{key: keyOf(aggregate, aggregateId), value: null, token: uuidV7()}]});
    }

    #encode(aggregate: Aggregate, snapshot: StoredSnapshot): string | undefined {
        try {
            return encodeJson(snapshot);
        } catch (err) {
            this.#refused.add(aggregate);
            this.#log.warn({err, aggregate: aggregate.name}, 'The states of this aggregate can\'t be snapshotted: they aren\'t plain data');
            return undefined;
        }
    }
}

const versionOf = ({options}: Aggregate): number => options.projectorVersion ?? 0;

function revisionOf(aggregate: Aggregate, text: string): bigint {
    try {
        return decode(aggregate, text)?.revision ?? -1n;
    } catch {
        return -1n;
    }
}

function decode(aggregate: Aggregate, text: string): AggregateState | undefined {
    const {projectorVersion, revision, position, state} = decodeJson(text) as StoredSnapshot;
    return projectorVersion === versionOf(aggregate) && typeof revision === 'bigint' && typeof position === 'bigint'
        ? {state, revision, position, snapshotRevision: revision}
        : undefined;
}
