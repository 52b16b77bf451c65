import {GoneError} from '../errors/index.ts';
import type {IEventStore} from '../ports/index.ts';
import type {Logger} from '../shared/logger.ts';
import type {Aggregate} from './aggregate.ts';
import {keyOf, type AggregateLoader, type LoadedState} from './aggregate-loader.ts';
import type {SnapshotSettings} from './snapshots.ts';

export interface TakeSnapshotsOptions {
    /** The aggregate, or its name. */
    readonly aggregate: Aggregate | string;
    /** At most so many snapshots. @default 1000 */
    readonly limit?: number | undefined;
    /** Of aggregates with at least so many events since their last snapshot. @default the aggregate's own setting, or 100 */
    readonly every?: number | undefined;
    /** Where to begin: the `position` of an earlier result. */
    readonly after?: bigint | undefined;
    readonly signal?: AbortSignal | undefined;
}

export interface TakenSnapshots {
    readonly taken: number;
    /** How far the events have been looked through; `undefined`: there are none. */
    readonly position: bigint | undefined;
    /** Whether that is all of them. */
    readonly caughtUp: boolean;
}

const DEFAULT_EVERY = 100;
const DEFAULT_LIMIT = 1000;

/** Takes snapshots: by the way, after commands, and in batches. */
export class SnapshotTaker {
    readonly #loader: AggregateLoader;
    readonly #eventStore: IEventStore;
    readonly #log: Logger;
    readonly #due = new Map<string, () => Promise<void>>();
    #running: Promise<void> = Promise.resolve();
    #isStopping = false;

    constructor(loader: AggregateLoader, eventStore: IEventStore, log: Logger) {
        this.#loader = loader;
        this.#eventStore = eventStore;
        this.#log = log;
    }

    /** Has a snapshot taken soon if it is time for it. @param revision Of the aggregate's last event by now */
    consider(aggregate: Aggregate, aggregateId: string, loaded: LoadedState, revision: bigint): void {
        const settings = this.#loader.snapshots.settingsOf(aggregate);
        if (settings === undefined || !isTime(settings, loaded, revision))
            return;
        const key = keyOf(aggregate, aggregateId);
        if (this.#due.has(key))
            return;
        this.#due.set(key, () => this.#take(aggregate, aggregateId));
        if (this.#due.size === 1)
            this.#running = this.#work();
    }

    /** Lets the one finish that is being taken, and takes no more of those that are due: they will be the next time. */
    async stop(): Promise<void> {
        this.#isStopping = true;
        await this.#running;
        this.#due.clear();
        this.#isStopping = false;
    }

    /** Looks through the events, and takes snapshots of aggregates that have had many since their last one. */
    async takeBatch(aggregate: Aggregate, {limit = DEFAULT_LIMIT, every, after, signal}: TakeSnapshotsOptions, settings: SnapshotSettings): Promise<TakenSnapshots> {
        const threshold = BigInt(every ?? (Number.isFinite(settings.every) ? settings.every : DEFAULT_EVERY));
        let taken = 0;
        let position = after;
        const isOurs = (name: string): boolean => name === aggregate.name;
        for await (const batch of this.#eventStore.subscribe({after, filter: {accepts: isOurs}, signal})) {
            const latest = new Map<string, bigint>();
            for (const {aggregateName, aggregateId, revision} of batch.events) {
                if (isOurs(aggregateName))
                    latest.set(aggregateId, revision);
            }
            const ids = [...latest.keys()];
            const known = await this.#loader.snapshots.revisions(aggregate, ids);
            const due = ids.filter((id, i) => latest.get(id) as bigint - (known[i] as bigint) >= threshold);
            const room = limit - taken;
            for (const id of due.slice(0, room))
                taken += await this.#putIfThere(aggregate, id) ? 1 : 0;
            // A page that isn't done is looked through again the next time.
            if (due.length > room)
                return {taken, position, caughtUp: false};
            position = batch.position;
            if (batch.caughtUp)
                return {taken, position, caughtUp: true};
        }
        return {taken, position, caughtUp: false};
    }

    /** One after the other, so that commands have the database to themselves most of the time. */
    async #work(): Promise<void> {
        for (const [key, take] of this.#due) {
            if (this.#isStopping)
                return;
            // Behind the answer of the command.
            await new Promise<void>(resolve => setTimeout(resolve));
            await take();
            this.#due.delete(key);
        }
    }

    async #take(aggregate: Aggregate, aggregateId: string): Promise<void> {
        try {
            await this.#put(aggregate, aggregateId);
        } catch (err) {
            this.#log.warn({err, aggregate: aggregate.name, aggregateId}, 'A snapshot could not be taken');
        }
    }

    /** An aggregate may have been erased since. */
    async #putIfThere(aggregate: Aggregate, aggregateId: string): Promise<boolean> {
        try {
            return await this.#put(aggregate, aggregateId);
        } catch (error) {
            if (error instanceof GoneError)
                return false;
            throw error;
        }
    }

    async #put(aggregate: Aggregate, aggregateId: string): Promise<boolean> {
        const {era} = this.#loader;
        const loaded = await this.#loader.load(aggregate, aggregateId);
        // Personal data was erased meanwhile: what was loaded may hold some of it.
        if (era !== this.#loader.era)
            return false;
        if (!await this.#loader.snapshots.put(aggregate, aggregateId, loaded))
            return false;
        // What was erased while it was written must not stay: of personal data, or with the aggregate, which removes its snapshot when it is loaded.
        if (era !== this.#loader.era) {
            await this.#loader.snapshots.remove(aggregate, aggregateId);
            return false;
        }
        await this.#loader.load(aggregate, aggregateId);
        this.#loader.sawSnapshot(aggregate, aggregateId, loaded.revision);
        return true;
    }
}

const isTime = ({every, afterMs}: SnapshotSettings, {snapshotRevision, loadMs}: LoadedState, revision: bigint): boolean =>
    Number(revision - snapshotRevision) >= every || loadMs > afterMs && revision > snapshotRevision;
