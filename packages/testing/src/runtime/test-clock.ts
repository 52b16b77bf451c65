import type {Clock} from 'woltage';
import {TestingError} from '../testing-error.ts';
import {breathe} from './real-time.ts';

const START = Date.UTC(2026, 0, 1);

interface Timer {
    readonly at: number;
    readonly ring: () => void;
}

/**
 * The clock of a test: it stands still until it is advanced, and gives ids that are the same in every run.
 *
 * @example
 * const {clock, settled} = await createTestWoltage({...});
 * await clock.advance(60_000);
 */
export class TestClock {
    #now: number;
    #ids = 0;
    readonly #timers = new Set<Timer>();
    readonly #followers = new Set<() => Promise<unknown>>();
    #advancing: Promise<void> = Promise.resolve();
    /** What a runtime takes as its clock. */
    readonly source: Clock = {
        now: () => this.#now,
        newId: () => this.#newId(),
        isSteady: true,
        delay: (ms, signal) => this.#delay(ms, signal)
    };

    /** @param start The time that it begins with: ms since the Unix epoch, or a date. @default 2026-01-01T00:00:00Z */
    constructor(start: number | Date = START) {
        this.#now = Number(start);
        if (!Number.isSafeInteger(this.#now) || this.#now < 0)
            throw new TestingError(`A clock can't begin with ${String(start)}: it takes whole milliseconds since the Unix epoch, or a date.`);
    }

    /** Milliseconds since the Unix epoch. */
    get now(): number {
        return this.#now;
    }

    /**
     * Moves the time on. Whatever falls due on the way (the retry of a durable side effect, the end of its patience) falls due at its own time, one after
     * the other, and has its consequences before the time moves on: await it.
     *
     * @param ms From 0, whole
     * @throws TestingError `TEST_INVALID` (in the promise) for anything else
     */
    async advance(ms: number): Promise<void> {
        if (!Number.isSafeInteger(ms) || ms < 0)
            throw new TestingError(`The clock can't be advanced by ${String(ms)}: it takes whole milliseconds from 0. Time doesn't go back.`);
        const advancing = this.#advancing.then(() => this.#advance(this.#now + ms));
        this.#advancing = advancing.catch(() => undefined);
        await advancing;
    }

    /** @internal Has the clock wait for a runtime before it moves on. @returns A function that ends it */
    follow(follower: () => Promise<unknown>): () => void {
        this.#followers.add(follower);
        return () => this.#followers.delete(follower);
    }

    async #advance(end: number): Promise<void> {
        await this.#catchUp();
        for (let next = this.#nextTimer(); next !== undefined && next.at <= end; next = this.#nextTimer()) {
            this.#now = Math.max(this.#now, next.at);
            next.ring();
            await this.#catchUp();
        }
        this.#now = end;
        await this.#catchUp();
    }

    async #catchUp(): Promise<void> {
        await breathe(0);
        await Promise.all([...this.#followers].map(follower => follower()));
    }

    #nextTimer(): Timer | undefined {
        let next: Timer | undefined;
        for (const timer of this.#timers) {
            if (next === undefined || timer.at < next.at)
                next = timer;
        }
        return next;
    }

    #delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
        return new Promise(resolve => {
            if (signal?.aborted === true || !(ms > 0)) {
                resolve();
                return;
            }
            const ring = (): void => {
                this.#timers.delete(timer);
                signal?.removeEventListener('abort', ring);
                resolve();
            };
            const timer = {at: this.#now + ms, ring};
            this.#timers.add(timer);
            signal?.addEventListener('abort', ring);
        });
    }

    /** A UUIDv7 of this clock's time, with a number that counts up in the place of chance. */
    #newId(): string {
        const time = this.#now.toString(16).padStart(12, '0');
        return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${(++this.#ids).toString(16).padStart(12, '0')}`;
    }
}
