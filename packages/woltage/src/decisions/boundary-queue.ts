import type {EventCriterion, EventQuery} from '../ports/index.ts';

/** What decisions wait for each other at: a set of tags, or a type of untagged criteria. */
interface Place {
    readonly tags: readonly string[];
    /** Settles when the last decision that has come here is done. */
    tail: Promise<void>;
}

/**
 * Lets decisions whose boundaries meet go one after the other, in the order of their coming: each would make the conditions of all others fail.
 * It saves attempts, and nothing rests on it. Boundaries meet where the tags of one criterion include those of another.
 */
export class BoundaryQueue {
    readonly #places = new Map<string, Place>();
    readonly #byTag = new Map<string, Set<Place>>();

    /** Resolves when it is the decision's turn; call the result when it is done. */
    async enter(query: EventQuery): Promise<() => void> {
        const keys = new Map(query.flatMap(placesOf).map(tags => [JSON.stringify(tags), tags]));
        let finish = (): void => undefined;
        const done = new Promise<void>(resolve => {
            finish = resolve;
        });
        const before = new Set<Promise<void>>();
        for (const tags of keys.values()) {
            for (const {tail} of this.#meeting(tags))
                before.add(tail);
        }
        for (const [key, tags] of keys)
            this.#take(key, tags, done);
        await Promise.all(before);
        return () => {
            finish();
            for (const key of keys.keys())
                this.#leave(key, done);
        };
    }

    *#meeting(tags: readonly string[]): Generator<Place> {
        for (const tag of tags) {
            for (const place of this.#byTag.get(tag) ?? []) {
                if (includes(place.tags, tags) || includes(tags, place.tags))
                    yield place;
            }
        }
    }

    #take(key: string, tags: readonly string[], done: Promise<void>): void {
        const known = this.#places.get(key);
        if (known !== undefined) {
            known.tail = done;
            return;
        }
        const place = {tags, tail: done};
        this.#places.set(key, place);
        for (const tag of tags)
            this.#byTag.set(tag, (this.#byTag.get(tag) ?? new Set()).add(place));
    }

    #leave(key: string, done: Promise<void>): void {
        const place = this.#places.get(key);
        // Others have come since.
        if (place?.tail !== done)
            return;
        this.#places.delete(key);
        for (const tag of place.tags) {
            const places = this.#byTag.get(tag);
            places?.delete(place);
            if (places?.size === 0)
                this.#byTag.delete(tag);
        }
    }
}

/** Tags are never empty and don't hold line breaks by chance: types stand apart from them. */
const placesOf = ({types, tags}: EventCriterion): readonly (readonly string[])[] =>
    tags !== undefined ? [[...tags].sort()] : (types ?? ['']).map(type => [`\n${type}`]);

const includes = (all: readonly string[], some: readonly string[]): boolean => some.every(tag => all.includes(tag));
