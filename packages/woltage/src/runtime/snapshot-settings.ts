import type {Aggregate, SnapshotOptions, SnapshotSettings} from '../aggregates/index.ts';
import {ConfigError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import type {Adapters} from './adapters.ts';
import type {AdapterConfig} from './config.ts';

/** Where snapshots are kept, whichever store that is in. */
export const SNAPSHOT_SCOPE = {namespace: '_snapshots', tables: {}};

/** The settings of an aggregate, merged: its own win, `false` switches off what the config has switched on. `undefined`: no snapshots. */
export function mergeSnapshots(global: SnapshotOptions | false | undefined, own: SnapshotOptions | false | undefined): SnapshotOptions | undefined {
    if (own === false || !own && !global)
        return undefined;
    const {store, every, afterMs} = {...global, ...withoutUndefined(own ?? {})};
    return {store, every, afterMs};
}

const withoutUndefined = (options: SnapshotOptions): SnapshotOptions => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/**
 * Finds the settings of each aggregate.
 *
 * @throws ConfigError `SNAPSHOT_STORE_UNKNOWN` when one names a store that isn't there
 */
export function snapshotSettings(
    global: SnapshotOptions | false | undefined, aggregates: Iterable<Aggregate>, {internalStore, stores, storeOf}: Adapters
): ReadonlyMap<Aggregate, SnapshotSettings> {
    const scopes = new Map<IStore, IStore>();
    const scopeOf = (store: IStore): IStore => {
        const scope = scopes.get(store) ?? store.scope(SNAPSHOT_SCOPE);
        scopes.set(store, scope);
        return scope;
    };
    const found = new Map<Aggregate, SnapshotSettings>();
    for (const aggregate of aggregates) {
        const options = mergeSnapshots(global, aggregate.options.snapshots);
        if (options === undefined)
            continue;
        const {store, every, afterMs} = options;
        const named = typeof store === 'string' ? store : undefined;
        const adapter = named !== undefined ? stores.get(named) : store ? storeOf(store as AdapterConfig<IStore>, `snapshots of aggregate '${aggregate.name}'`) : internalStore;
        if (adapter === undefined)
            throw new ConfigError(`Aggregate '${aggregate.name}': its snapshots are to be kept in store '${named}', which is not one of \`stores\` in the config.`, {code: 'SNAPSHOT_STORE_UNKNOWN'});
        found.set(aggregate, {store: scopeOf(adapter), every: every || Infinity, afterMs: afterMs === false || afterMs === undefined ? Infinity : afterMs});
    }
    return found;
}
