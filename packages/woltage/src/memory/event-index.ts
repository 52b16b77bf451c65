import type {EventData} from '../events/index.ts';
import {matchesCriterion, type EventCriterion, type EventQuery} from '../ports/index.ts';

interface Indexed {
    readonly data: Pick<EventData, 'type' | 'tags'>;
    readonly position: number;
}

/** Positions, in their order. */
type Postings = number[];

/** From how many positions on it is worth looking whether there are fewer of the types. */
const MANY = 256;

/** Finds events by tags and types. Tags are indexed as events come; types when somebody asks for the first time, for most programs never do. */
export class EventIndex<E extends Indexed> {
    readonly #events: readonly (E | undefined)[];
    readonly #byTag = new Map<string, Postings>();
    readonly #byType = new Map<string, Postings>();
    #typed = 0;

    /** @param events All events, by position */
    constructor(events: readonly (E | undefined)[]) {
        this.#events = events;
    }

    /** To be called when an event has been added at the end. */
    added({data: {tags}, position}: E): void {
        for (let i = 0; i < tags.length; i++)
            add(this.#byTag, tags[i] as string, position);
    }

    /** To be called when an event has been taken away from the end. */
    removed({data: {tags, type}, position}: E): void {
        for (const tag of tags)
            remove(this.#byTag, tag, position);
        remove(this.#byType, type, position);
        this.#typed = Math.min(this.#typed, position);
    }

    /** The first events that match, in the order of their positions, each once. */
    find(query: EventQuery, after: number, until: number, limit: number): E[] {
        const found: E[] = [];
        const scans = query.flatMap(criterion => this.#scans(criterion, after));
        while (found.length < limit) {
            let next = Infinity;
            for (const scan of scans)
                next = Math.min(next, scan.position);
            if (next === Infinity || next > until)
                break;
            found.push(this.#events[next] as E);
            for (const scan of scans)
                scan.passBy(next);
        }
        return found;
    }

    /** What is to be looked through for a criterion: the shortest of the lists that hold all of it. */
    #scans(criterion: EventCriterion, after: number): Scan[] {
        const {types, tags} = criterion;
        const scan = (postings: Postings | undefined): Scan => new Scan(this.#events, criterion, postings, after);
        if (tags === undefined)
            return types === undefined ? [scan(undefined)] : types.map(type => scan(this.#ofType(type)));
        const byTag = tags.map(tag => scan(this.#byTag.get(tag) ?? [])).reduce((a, b) => b.left < a.left ? b : a);
        if (types === undefined || byTag.left < MANY)
            return [byTag];
        const byType = types.map(type => scan(this.#ofType(type)));
        return byType.reduce((sum, {left}) => sum + left, 0) < byTag.left ? byType : [byTag];
    }

    #ofType(type: string): Postings {
        for (; this.#typed < this.#events.length; this.#typed++) {
            const event = this.#events[this.#typed];
            if (event !== undefined)
                add(this.#byType, event.data.type, event.position);
        }
        return this.#byType.get(type) ?? [];
    }
}

/** Goes through a list of positions (or through all there are) from match to match. */
class Scan {
    readonly #events: readonly (Indexed | undefined)[];
    readonly #criterion: EventCriterion;
    readonly #postings: Postings | undefined;
    #at: number;
    #position: number | undefined;

    constructor(events: readonly (Indexed | undefined)[], criterion: EventCriterion, postings: Postings | undefined, after: number) {
        this.#events = events;
        this.#criterion = criterion;
        this.#postings = postings;
        this.#at = postings === undefined ? Math.max(0, after + 1) : firstAfter(postings, after);
    }

    /** How many are left to look at, at most. */
    get left(): number {
        return (this.#postings ?? this.#events).length - this.#at;
    }

    /** Of the next event that matches; infinite when there is none. */
    get position(): number {
        return this.#position ??= this.#next();
    }

    passBy(position: number): void {
        if (this.#position !== position)
            return;
        this.#at++;
        this.#position = undefined;
    }

    #next(): number {
        for (const {length} = this.#postings ?? this.#events; this.#at < length; this.#at++) {
            const position = this.#postings === undefined ? this.#at : this.#postings[this.#at] as number;
            const event = this.#events[position];
            if (event !== undefined && matchesCriterion(this.#criterion, event.data))
                return position;
        }
        return Infinity;
    }
}

function add(index: Map<string, Postings>, key: string, position: number): void {
    const postings = index.get(key);
    if (postings === undefined)
        index.set(key, [position]);
    else if (postings.at(-1) !== position)
        postings.push(position);
}

function remove(index: Map<string, Postings>, key: string, position: number): void {
    const postings = index.get(key);
    if (postings?.at(-1) !== position)
        return;
    postings.pop();
    if (postings.length === 0)
        index.delete(key);
}

/** The index of the first position beyond `after`. */
function firstAfter(postings: Postings, after: number): number {
    let low = 0;
    for (let high = postings.length; low < high;) {
        const middle = (low + high) >>> 1;
        if (postings[middle] as number <= after)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
