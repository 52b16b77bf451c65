/** Sends notifications, one at a time for each channel: what is announced while one is on its way is one more. */
export class Announcer {
    readonly #send: (channel: string) => Promise<void>;
    readonly #underWay = new Map<string, Promise<void>>();
    readonly #waiting = new Set<string>();

    /** @param send Never rejects */
    constructor(send: (channel: string) => Promise<void>) {
        this.#send = send;
    }

    announce(channel: string): void {
        if (this.#underWay.has(channel))
            this.#waiting.add(channel);
        else
            this.#underWay.set(channel, this.#work(channel));
    }

    /** Resolves when all of it has been sent. */
    async idle(): Promise<void> {
        await Promise.all(this.#underWay.values());
    }

    async #work(channel: string): Promise<void> {
        do {
            this.#waiting.delete(channel);
            await this.#send(channel);
        } while (this.#waiting.has(channel));
        this.#underWay.delete(channel);
    }
}
