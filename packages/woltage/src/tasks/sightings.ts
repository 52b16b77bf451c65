import type {Owner, Self} from '../shared/owner.ts';
import type {Found, Place} from './places.ts';

/** Who has claimed a task: the queue of a process. */
export interface Claimant extends Owner {
    readonly queue: string;
}

/** How long others have for a task that a process has left to them, in ms. */
const LEFT_MS = 5000;

/** Watches claims, by this process's own clock: who has been silent for the time of a lease, or is known to be gone, has lost them. */
export class Sightings {
    readonly #claimant: Claimant;
    readonly #isGone: Self['isGone'];
    readonly #leaseMs: number;
    readonly #isRunning: (id: string) => boolean;
    #seen = new Map<string, {readonly token: string; readonly ms: number; readonly at: number}>();
    #seenBefore = this.#seen;

    constructor(claimant: Claimant, isGone: Self['isGone'], leaseMs: number, isRunning: (id: string) => boolean) {
        this.#claimant = claimant;
        this.#isGone = isGone;
        this.#leaseMs = leaseMs;
        this.#isRunning = isRunning;
    }

    /** Whether somebody works on it, or this queue leaves it to others for now. */
    isHeld({key, token, task: {id, claimedBy, leftBy}}: Found<Place>): boolean {
        if (claimedBy === undefined && leftBy === this.#claimant.queue)
            return this.msSince(key, token) < LEFT_MS;
        if (claimedBy === undefined || this.#isGone(claimedBy))
            return false;
        // A claim of this queue that it knows nothing of: the store's answer was lost.
        if ((claimedBy as Claimant).queue === this.#claimant.queue)
            return this.#isRunning(id);
        return this.msSince(key, token) < this.#leaseMs;
    }

    /**
     * How long it has been like this, as far as this process has seen, in ms. A time without a look counts as half a lease at most: this process may have been
     * asleep, and the other with it.
     */
    msSince(key: string, token: string): number {
        const at = performance.now();
        const known = this.#seen.get(key) ?? this.#seenBefore.get(key);
        const ms = known?.token === token ? known.ms + Math.min(at - known.at, this.#leaseMs / 2) : 0;
        this.#seen.set(key, {token, ms, at});
        return ms;
    }

    /** Forgets what has not been seen since the last call. */
    sweep(): void {
        this.#seenBefore = this.#seen;
        this.#seen = new Map();
    }
}
