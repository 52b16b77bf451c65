/** What has come of one partition. */
interface MergeLane<E> {
    frontier: bigint | undefined;
    readonly waiting: {readonly position: bigint; readonly event: E}[];
    /** So many at the front of `waiting` are gone. */
    taken: number;
}

/** Merges what several partitions hold into the order of positions. A pure data structure: what comes in of a partition increases, apart from repetitions, which are left out. */
export class Merge<E> {
    readonly #lanes: readonly MergeLane<E>[];
    #delivered: bigint | undefined;

    /** @param frontiers Up to where each partition is known to hold nothing more; `undefined` where nothing is known yet */
    constructor(frontiers: readonly (bigint | undefined)[], after: bigint | undefined) {
        this.#lanes = frontiers.map(frontier => ({frontier, waiting: [], taken: 0}));
        this.#delivered = after;
    }

    /** Says that everything of a partition up to the position has come with this, and which event that is, if it is one. */
    add(partition: number, position: bigint, event?: E): void {
        const lane = this.#lanes[partition];
        if (lane === undefined || lane.frontier !== undefined && position <= lane.frontier)
            return;
        lane.frontier = position;
        if (event !== undefined && (this.#delivered === undefined || position > this.#delivered))
            lane.waiting.push({position, event});
    }

    /** How many events of a partition wait for others. */
    waiting(partition: number): number {
        const lane = this.#lanes[partition];
        return lane === undefined ? 0 : lane.waiting.length - lane.taken;
    }

    /** Everything up to here has come, of all partitions. */
    get safe(): bigint | undefined {
        let safe: bigint | undefined;
        for (const {frontier} of this.#lanes) {
            if (frontier === undefined)
                return undefined;
            if (safe === undefined || frontier < safe)
                safe = frontier;
        }
        return safe;
    }

    /** Takes events that nothing can come before any more. `position`: everything up to it has been taken. */
    take(limit: number): {readonly events: readonly E[]; readonly position: bigint | undefined; readonly isAll: boolean} {
        const {safe} = this;
        const events: E[] = [];
        while (safe !== undefined) {
            const next = this.#next(safe);
            if (next === undefined) {
                this.#reach(safe);
                break;
            }
            if (events.length >= limit)
                return {events, position: this.#delivered, isAll: false};
            const {position, event} = next.waiting[next.taken++] as {position: bigint; event: E};
            compact(next);
            // Two partitions hold the same event where a topic has got more of them.
            if (this.#delivered !== undefined && position <= this.#delivered)
                continue;
            this.#delivered = position;
            events.push(event);
        }
        return {events, position: this.#delivered, isAll: true};
    }

    #reach(safe: bigint): void {
        if (this.#delivered === undefined || safe > this.#delivered)
            this.#delivered = safe;
    }

    #next(safe: bigint): MergeLane<E> | undefined {
        let least: MergeLane<E> | undefined;
        let position = safe;
        for (const lane of this.#lanes) {
            const head = lane.waiting[lane.taken];
            if (head !== undefined && (least === undefined ? head.position <= position : head.position < position)) {
                least = lane;
                position = head.position;
            }
        }
        return least;
    }
}

/** Taking from the front of an array costs as much as it is long: now and then is enough. */
function compact<E>(lane: MergeLane<E>): void {
    if (lane.taken < 1000 && lane.taken < lane.waiting.length)
        return;
    lane.waiting.splice(0, lane.taken);
    lane.taken = 0;
}
