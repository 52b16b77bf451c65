import {inBackground} from '../shared/background.ts';
import type {Logger} from '../shared/logger.ts';
import type {Instances} from './instances.ts';
import type {NameStates, PendingSwitch} from './name-states.ts';
import type {ProjectionWork} from './projection-work.ts';
import type {ProjectionWorker} from './projection-worker.ts';
import type {Registry} from './registry.ts';

/** After this time, in ms, a switch that isn't done is taken for abandoned, whatever its conductor seems to be doing. */
const ABANDONED_MS = 60_000;
/** How often those who stand still look whether the conductor is still there, in ms. */
const LOOK_MS = 500;

export interface HoldOptions {
    readonly name: string;
    readonly version: number;
    readonly registry: Registry;
    readonly states: NameStates;
    readonly instances: Instances;
    readonly log: Logger;
}

/** The records in which the versions that a switch concerns say where they stand. */
export const holdPrefix = (name: string): string => `hold/${encodeURIComponent(name)}/`;
export const holdKey = (name: string, switchId: string, version: number, slice: number): string =>
    `${holdPrefix(name)}${switchId}/${version}/${slice}`;

/**
 * Has a version stand still during a switch that concerns it, and tells the conductor where. What it tells is true: it commits to its checkpoint after it has seen the
 * announcement, so that whoever takes the projection over later sees the announcement too.
 */
export class HoldObserver {
    readonly #options: HoldOptions;
    /** By slice: what has been answered. */
    readonly #answered = new Map<number, string>();
    #work: ProjectionWork | undefined;
    #watched: string | undefined;

    constructor(options: HoldOptions) {
        this.#options = options;
    }

    set work(work: ProjectionWork) {
        this.#work = work;
    }

    /** To be called whenever the registry has changed. */
    apply(): void {
        const pending = this.#pending;
        if (pending === undefined) {
            this.#answered.clear();
            for (const worker of this.#work?.workers ?? [])
                worker.limit.set(undefined);
            return;
        }
        this.#work?.workers.forEach((worker, slice) => {
            if (worker.isOwner)
                inBackground(this.#hold(worker, slice, pending), this.#tell);
        });
        inBackground(this.#watch(pending), this.#tell);
    }

    /** To be called when a slice has been taken over, before it handles anything. */
    async onTaken(slice: number): Promise<void> {
        await this.#options.registry.refresh();
        const worker = this.#work?.workers[slice];
        const pending = this.#pending;
        this.#answered.delete(slice);
        worker?.limit.set(pending === undefined ? undefined : pending.position ?? worker.position);
        if (worker !== undefined && pending !== undefined)
            inBackground(this.#hold(worker, slice, pending), this.#tell);
    }

    readonly #tell = (error: unknown): void =>
        this.#options.log.warn({err: error, projection: this.#options.name}, 'A switch could not be followed');

    get #pending(): PendingSwitch | undefined {
        const {states, name, version} = this.#options;
        const {pending} = states.get(name);
        return pending?.versions.includes(version) === true ? pending : undefined;
    }

    /** Never rejects. */
    async #hold(worker: ProjectionWorker, slice: number, pending: PendingSwitch): Promise<void> {
        const answer = `${pending.id}/${pending.position}`;
        if (this.#answered.get(slice) === answer)
            return;
        this.#answered.set(slice, answer);
        const {name, version, registry, log} = this.#options;
        const endLooking = registry.lookOften();
        try {
            const position = await standStill(worker, pending.position);
            await worker.inTurn(runner => runner.lease.beat());
            if (this.#pending?.id === pending.id)
                await registry.write({[holdKey(name, pending.id, version, slice)]: position.toString()});
        } catch (error) {
            log.debug({err: error, projection: `${name}@${version}`, slice}, 'Could not stand still for a switch');
            this.#answered.delete(slice);
        } finally {
            endLooking();
        }
    }

    /** Lifts the hold when the conductor is gone. Never rejects. */
    async #watch({id, by}: PendingSwitch): Promise<void> {
        const {instances, states, name, log, registry} = this.#options;
        if (this.#watched === id)
            return;
        this.#watched = id;
        const since = performance.now();
        while (!registry.isClosed && !await registry.until(() => states.get(name).pending?.id !== id, LOOK_MS)) {
            if (!instances.isDead(by) && performance.now() - since < ABANDONED_MS)
                continue;
            log.warn({projection: name, by}, 'A switch of the active version was abandoned; the old version goes on');
            const {pending: _abandoned, ...state} = states.get(name);
            await states.set(name, state).catch((error: unknown) =>
                log.debug({err: error, projection: name}, 'An abandoned switch could not be ended; perhaps somebody else has'));
        }
        this.#watched = undefined;
    }
}

async function standStill(worker: ProjectionWorker, position: bigint | null): Promise<bigint> {
    if (position === null)
        return worker.holdHere();
    worker.limit.set(position);
    await worker.reached(position, ABANDONED_MS);
    return position;
}
