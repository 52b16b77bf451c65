import {delay, type ConsumeOptions, type MessageBatch, type RecordedMessage, type TopicPartition} from 'woltage';
import {pauseMs} from '../pause.ts';

/** Handled at a time, at most. */
const MAX_MESSAGES = 1000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5000;

export interface LaneOptions {
    readonly place: TopicPartition;
    readonly resume: ConsumeOptions['resume'];
    readonly handle: ConsumeOptions['handle'];
    /** Where it begins when nothing of it has been handled. */
    readonly begin: () => Promise<bigint>;
    /** Called when more is needed. */
    readonly onHunger: () => void;
    /** Is told of what handling or asking threw; it is tried again. */
    readonly onFailure: (error: unknown) => void;
    readonly onHandled: (place: TopicPartition, nextOffset: bigint) => void;
    readonly signal: AbortSignal;
}

/** The way of one partition: batch by batch, each awaited; one more is fetched ahead. */
export class Lane {
    readonly #options: LaneOptions;
    /** Where the next fetch goes on. */
    #offset: bigint;
    #begun: bigint | undefined;
    #ahead: MessageBatch | undefined;
    #wake: (() => void) | undefined;
    /** While it isn't known where to go on. */
    #isLost = false;

    constructor(options: LaneOptions, offset: bigint) {
        this.#options = options;
        this.#offset = offset;
        this.#begun = offset;
    }

    get place(): TopicPartition {
        return this.#options.place;
    }

    /** Where to fetch, or `undefined` while there is enough. */
    get wanted(): bigint | undefined {
        return this.#ahead === undefined && !this.#isLost ? this.#offset : undefined;
    }

    /** Takes what a fetch has brought, unless it began elsewhere: the offset may have been set anew while it was under way. */
    offer(from: bigint, messages: readonly RecordedMessage[], nextOffset: bigint): void {
        if (from !== this.wanted || nextOffset === from)
            return;
        this.#ahead = {...this.place, messages, nextOffset};
        this.#offset = nextOffset;
        this.#wake?.();
    }

    /** Goes on elsewhere: what stood at the offset is gone. */
    moveTo(from: bigint, offset: bigint): void {
        if (from !== this.wanted)
            return;
        this.#offset = offset;
        this.#ahead = {...this.place, messages: [], nextOffset: offset};
        this.#wake?.();
    }

    /** Until the signal aborts. Never rejects. */
    async run(): Promise<void> {
        const {signal} = this.#options;
        const wake = (): void => this.#wake?.();
        signal.addEventListener('abort', wake);
        try {
            this.#ahead = {...this.place, messages: [], nextOffset: this.#offset};
            for (let failed = 0; !signal.aborted;) {
                const batch = await this.#next();
                if (batch === undefined)
                    break;
                if (await this.#handle(batch))
                    failed = 0;
                else
                    await this.#startOver(failed++);
            }
        } finally {
            signal.removeEventListener('abort', wake);
        }
    }

    async #next(): Promise<MessageBatch | undefined> {
        const {signal, onHunger} = this.#options;
        while (this.#ahead === undefined && !signal.aborted) {
            await new Promise<void>(resolve => {
                this.#wake = resolve;
                onHunger();
            });
        }
        this.#wake = undefined;
        const batch = this.#ahead;
        this.#ahead = undefined;
        return signal.aborted ? undefined : batch;
    }

    async #handle({messages, ...batch}: MessageBatch): Promise<boolean> {
        const {handle, onFailure, onHandled, onHunger, signal, place} = this.#options;
        // The next one is fetched while this one is handled.
        onHunger();
        try {
            for (let from = 0; from === 0 || from < messages.length; from += MAX_MESSAGES) {
                if (signal.aborted)
                    return true;
                const part = messages.slice(from, from + MAX_MESSAGES);
                const next = messages[from + MAX_MESSAGES];
                const nextOffset = next?.offset ?? batch.nextOffset;
                await handle({...batch, messages: part, nextOffset});
                onHandled(place, nextOffset);
            }
            return true;
        } catch (error) {
            onFailure(error);
            return false;
        }
    }

    /** After a pause, from where the caller says that it has got to. */
    async #startOver(failed: number): Promise<void> {
        const {signal, resume, begin, place, onFailure} = this.#options;
        this.#isLost = true;
        this.#ahead = undefined;
        for (let attempt = failed; ; attempt++) {
            await delay(pauseMs(attempt, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal);
            if (signal.aborted)
                return;
            try {
                const [resumed] = await resume([place]);
                this.#offset = resumed ?? (this.#begun ??= await begin());
                // Nothing of it has been taken over yet: neither has its beginning.
                if (resumed === undefined)
                    this.#ahead = {...place, messages: [], nextOffset: this.#offset};
                this.#isLost = false;
                return;
            } catch (error) {
                onFailure(error);
            }
        }
    }
}
