import {setTimeout as sleep} from 'node:timers/promises';

/** Between two notifications on a channel: under load they would cost as much as what they tell of. */
const PAUSE_MS = 10;

/** Sends notifications: the first at once, and what is announced within a short time after it as one more. */
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
            await sleep(PAUSE_MS);
        } while (this.#waiting.has(channel));
        this.#underWay.delete(channel);
    }
}
