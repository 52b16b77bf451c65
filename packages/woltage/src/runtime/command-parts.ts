import {
    AggregateLoader, Appender, CommandExecutor, KeyReservations, CommandUnit, Snapshots, SnapshotTaker, type ExecutorParts, type RunHandler
} from '../aggregates/index.ts';
import {heldMailboxes, runInContext, type ContextRuntime} from '../context/index.ts';
import type {IStore} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import {KeyedWork} from '../tasks/index.ts';
import type {Adapters} from './adapters.ts';
import {CommandLookup} from './command-lookup.ts';
import {CommandTraces} from './command-traces.ts';
import type {WoltageConfig} from './config.ts';
import type {Definitions} from './definitions.ts';
import {KeyedCommands} from './keyed-commands.ts';
import {SNAPSHOT_SCOPE, snapshotSettings} from './snapshot-settings.ts';

/** What commands are executed with. */
export interface CommandParts {
    readonly lookup: CommandLookup;
    readonly loader: AggregateLoader;
    readonly executor: CommandExecutor;
    readonly unit: CommandUnit;
    readonly keyed: KeyedCommands;
    /** What is done once for a key of a caller. */
    readonly keyedWork: KeyedWork;
    readonly traces: CommandTraces;
    readonly snapshots: Snapshots;
    readonly taker: SnapshotTaker;
    readonly runtime: ContextRuntime;
    /** Drops all states that are kept, in memory and in snapshots. */
    readonly dropStates: () => Promise<void>;
    /** What must be there before anything is executed. */
    readonly scopes: readonly IStore[];
}

const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
/** How long idempotency keys are remembered, in ms. */
export const DEFAULT_KEEP_MS = 7 * 24 * 3_600_000;

/** @throws ConfigError `SNAPSHOT_STORE_UNKNOWN` */
export function createCommandParts(
    {aggregateCacheBytes = DEFAULT_CACHE_BYTES, idempotencyKeepMs = DEFAULT_KEEP_MS, snapshots: globalSnapshots}: WoltageConfig, definitions: Definitions, adapters: Adapters,
    {runtime, self, log}: {readonly runtime: ContextRuntime; readonly self: Self; readonly log: Logger}
): CommandParts {
    const {eventStore, internalStore} = adapters;
    const {catalogue} = definitions;
    const lookup = new CommandLookup(definitions);
    const settings = snapshotSettings(globalSnapshots, definitions.aggregates.values(), adapters);
    const snapshots = new Snapshots(aggregate => settings.get(aggregate), log);
    const loader = new AggregateLoader(eventStore, aggregate => lookup.fold(aggregate), snapshots, aggregateCacheBytes);
    const taker = new SnapshotTaker(loader, eventStore, log);
    const run: RunHandler = (handler, deferred, mailboxes) => {
        const held = heldMailboxes(runtime);
        return runInContext(mailboxes === undefined && held === undefined ? {runtime, deferred} : {runtime, deferred, mailboxes: [...held ?? [], ...mailboxes ?? []]}, handler);
    };
    const reserved = internalStore.scope({namespace: '_unique', tables: {}});
    const appender = new Appender(eventStore, new KeyReservations(reserved, eventStore));
    const parts: ExecutorParts = {appender, catalogue, loader, taker, run, defer: seed => runtime.defer(seed)};
    const executor = new CommandExecutor(parts);
    const snapshotScopes = [...new Set(Array.from(settings.values(), ({store}) => store))];
    // Also where snapshots were kept under earlier settings.
    const allScopes = () => [...new Set([internalStore, ...adapters.stores.values()])].map(store => store.scope(SNAPSHOT_SCOPE));
    const traces = new CommandTraces(eventStore, catalogue);
    const keys = internalStore.scope({namespace: '_idempotency', tables: {}});
    const keyedWork = new KeyedWork(keys, self, log, idempotencyKeepMs);
    return {
        lookup, loader, executor, snapshots, taker, runtime, traces, keyedWork,
        unit: new CommandUnit(executor, parts),
        keyed: new KeyedCommands(keyedWork, traces),
        async dropStates() {
            loader.clear();
            await snapshots.removeAll([...snapshotScopes, ...allScopes()]);
        },
        scopes: [keys, reserved, ...snapshotScopes]
    };
}
