import type {IStore} from '../ports/index.ts';
import type {Clock} from '../shared/clock.ts';
import {loadTasks} from './find-due.ts';
import type {Picker} from './picker.ts';
import {decodePlace, DUE, type Found, type Place} from './places.ts';
import type {Sightings} from './sightings.ts';
import type {Task} from './task.ts';

export interface LaneOptions {
    readonly store: IStore;
    readonly clock: Clock;
    readonly sightings: Sightings;
    readonly leaseMs: number;
    readonly knows: (kind: string) => boolean;
}

/** Tasks that are looked at together. */
const AHEAD = 50;
/** Others leave the next task to whoever ran the last one, for this time, in ms: it is faster. */
const GRACE_MS = 100;
/** How often those who stand by look at the first task, at least, in ms. */
const MAX_STANDBY_POLL_MS = 500;

/**
 * The first task of an ordered queue, and nothing behind it: it stays the first, with its claim and its time, until it is over. So nothing overtakes it, whoever
 * else looks. Tasks are only ever added at the end: what has been seen behind the first is the next one, as long as its token is the same.
 */
export class Lane implements Picker {
    readonly #options: LaneOptions;
    #ahead: Found<Task>[] = [];
    #hasTurn: boolean;

    constructor(options: LaneOptions) {
        this.#options = options;
        this.#hasTurn = options.clock.isSteady === true;
    }

    async pick(): Promise<{readonly due: readonly Found<Task>[]; readonly nextMs: number}> {
        const {knows} = this.#options;
        const [first = await this.#look()] = this.#ahead;
        // A kind that isn't known here is for others to do; those behind it wait, too.
        const nextMs = first === undefined || !knows(first.task.kind) ? Infinity : this.#pauseMs(first);
        if (nextMs <= 0)
            return {due: this.#ahead.slice(0, 1), nextMs};
        this.#ahead = [];
        return {due: [], nextMs};
    }

    next(): Found<Task> | undefined {
        const [next] = this.#ahead;
        return next !== undefined && this.#options.knows(next.task.kind) && next.task.dueAt <= this.#options.clock.now() ? next : undefined;
    }

    onClaim(isClaimed: boolean): void {
        this.#ahead = isClaimed ? this.#ahead.slice(1) : [];
        this.#hasTurn = isClaimed || this.#options.clock.isSteady === true;
    }

    onEnd(isOver: boolean): void {
        if (!isOver)
            this.#ahead = [];
    }

    async #look(): Promise<Found<Place> | undefined> {
        const {store} = this.#options;
        const found = (await store.listRecords(DUE, {limit: AHEAD})).map(({key, token, value}) => ({key, token, task: decodePlace(value)}));
        const [first] = found;
        if (first === undefined || this.#pauseMs(first) > 0)
            return first;
        const tasks = await loadTasks(store, found);
        this.#ahead = tasks[0]?.key === first.key ? [...tasks] : [];
        return this.#ahead[0];
    }

    /** How long to wait before it can be taken, or is looked at again, in ms. */
    #pauseMs(first: Found<Place>): number {
        const {clock, leaseMs, sightings} = this.#options;
        if (sightings.isHeld(first))
            return Math.min(MAX_STANDBY_POLL_MS, leaseMs / 4);
        return Math.max(first.task.dueAt - clock.now(), this.#graceMs(first));
    }

    #graceMs({key, token, task}: Found<Place>): number {
        return this.#hasTurn || task.claimedBy !== undefined ? 0 : GRACE_MS - this.#options.sightings.msSince(key, token);
    }
}
