/** How far back a rate looks, in ms. */
const WINDOW_MS = 5000;
const STEP_MS = 250;

interface Sample {
    readonly at: number;
    readonly events: number;
    readonly position: bigint;
}

/** How fast a projection goes, over the last seconds. */
export class Rate {
    #samples: Sample[] = [];

    /** @param events All events so far */
    add(events: number, position: bigint): void {
        const at = performance.now();
        const last = this.#samples.at(-1);
        if (last !== undefined && at - last.at < STEP_MS && this.#samples.length > 1)
            return;
        this.#samples.push({at, events, position});
        while (this.#samples.length > 2 && at - (this.#samples[0] as Sample).at > WINDOW_MS)
            this.#samples.shift();
    }

    reset(): void {
        this.#samples = [];
    }

    get eventsPerSecond(): number {
        return this.#perSecond(sample => sample.events);
    }

    get positionsPerSecond(): number {
        const [first] = this.#samples;
        return first === undefined ? 0 : this.#perSecond(sample => Number(sample.position - first.position));
    }

    #perSecond(valueOf: (sample: Sample) => number): number {
        const [first] = this.#samples;
        const last = this.#samples.at(-1);
        // Nothing has come for a while: what was measured then says nothing about now.
        const until = performance.now();
        if (first === undefined || last === undefined || first === last || until - last.at > WINDOW_MS)
            return 0;
        return (valueOf(last) - valueOf(first)) * 1000 / Math.max(1, until - first.at);
    }
}
