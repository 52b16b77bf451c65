/** A subject's key, or that it was destroyed. */
export type SubjectKey = Uint8Array | 'forgotten';

/** The keys that were used last. Nothing that was read before {@link clear} is kept after it. */
export class KeyCache {
    readonly #max: number;
    readonly #keys = new Map<string, SubjectKey>();
    #era = 0;

    /** @param max How many keys are held */
    constructor(max: number) {
        this.#max = max;
    }

    /** To be looked at before reading, and handed to {@link add}. */
    get era(): number {
        return this.#era;
    }

    get(subject: string): SubjectKey | undefined {
        const key = this.#keys.get(subject);
        if (key !== undefined) {
            this.#keys.delete(subject);
            this.#keys.set(subject, key);
        }
        return key;
    }

    add(subject: string, key: SubjectKey, era: number): void {
        if (era !== this.#era)
            return;
        this.#keys.set(subject, key);
        for (const oldest of this.#keys.keys()) {
            if (this.#keys.size <= this.#max)
                break;
            this.#keys.delete(oldest);
        }
    }

    clear(): void {
        this.#era++;
        this.#keys.clear();
    }
}
