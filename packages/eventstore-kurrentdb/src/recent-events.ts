import {cloneData, type EventFilter} from 'woltage';
import {matcher, type AllPage} from './all-reader.ts';
import type {LocatedEvent} from './records.ts';

/** What is kept, in bytes of the log. */
const MOST_BYTES = 8n * 1024n * 1024n;

/** The last events of the log, as the subscription at its end delivers them: all that live consumers need, without a read. */
export class RecentEvents {
    #events: LocatedEvent[] = [];
    /** All events behind this position up to {@link #to} are here; `undefined` until that is known. */
    #from: bigint | undefined;
    #to = -1n;

    /** To be called when the subscription begins (again): there may be a gap. */
    clear(): void {
        this.#events = [];
        this.#from = undefined;
        this.#to = -1n;
    }

    /** To be called with the store's last position as it was when the subscription was there already; null for an empty store. */
    begin(position: bigint | null): void {
        this.#from = position ?? -1n;
        this.#to = this.#to > this.#from ? this.#to : this.#from;
    }

    add(event: LocatedEvent): void {
        this.#events.push(event);
        this.#to = event.position;
        const [oldest] = this.#events;
        if (oldest === undefined || event.position - oldest.position <= MOST_BYTES)
            return;
        const kept = this.#events.findIndex(({position}) => event.position - position <= MOST_BYTES / 2n);
        this.#from = this.#from === undefined ? undefined : this.#events[kept - 1]?.position ?? this.#from;
        this.#events = this.#events.slice(kept);
    }

    /** Whether all that comes behind a position is here, or will be. */
    follow(after: bigint | undefined): boolean {
        return this.#from !== undefined && (after ?? -1n) >= this.#from;
    }

    /** Whether everything behind one position up to another one is here. */
    cover(after: bigint | undefined, end: bigint): boolean {
        return this.follow(after) && this.#to >= end;
    }

    /** The first events behind a position that match. Only for what is covered. */
    page(after: bigint | undefined, filter: EventFilter | undefined, limit: number): AllPage {
        const matches = matcher(filter);
        const start = lowerBound(this.#events, after ?? -1n);
        const events: LocatedEvent[] = [];
        for (let i = start, event = this.#events[i]; event !== undefined; event = this.#events[++i]) {
            if (!matches(event))
                continue;
            if (events.length === limit)
                return {events, isLast: false, scanned: events.at(-1)?.position};
            events.push(copyOf(event));
        }
        return {events, isLast: true, scanned: this.#to};
    }
}

/** The index of the first event behind a position. */
function lowerBound(events: readonly LocatedEvent[], after: bigint): number {
    let [low, high] = [0, events.length];
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((events[middle] as LocatedEvent).position <= after)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/** What one consumer does to its event is no other's business. */
const copyOf = ({event, ...located}: LocatedEvent): LocatedEvent => ({...located, event: {...event, data: copyData(event.data), metadata: copyData(event.metadata)} as LocatedEvent['event']});

const copyData = (data: unknown): unknown => data instanceof Uint8Array ? data : cloneData(data);
