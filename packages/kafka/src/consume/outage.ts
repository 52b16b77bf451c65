/** Tells of what changes: an outage when it begins, and once more when it is over. */
export class Outage {
    readonly #tell: (error: Error | undefined) => void;
    #isOut = false;

    constructor(tell: (error: Error | undefined) => void) {
        this.#tell = tell;
    }

    begin(error: Error): void {
        if (this.#isOut)
            return;
        this.#isOut = true;
        this.#tell(error);
    }

    end(): void {
        if (!this.#isOut)
            return;
        this.#isOut = false;
        this.#tell(undefined);
    }
}
