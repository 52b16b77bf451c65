import {UnavailableError} from '../errors/index.ts';
import type {ConsumeOptions, RecordedMessage, TopicPartition} from '../ports/index.ts';
import {backoffMs} from '../shared/delay.ts';
import type {MemoryBrokerData, MemoryPartition} from './memory-broker-data.ts';
import type {GroupMember, MemoryConsumerGroup} from './memory-consumer-group.ts';

const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 1 << 20;
const MAX_PAUSE_MS = 1000;

/** @internal One call of `consume`. */
export class MemoryConsumer implements GroupMember {
    readonly topics: readonly string[];
    readonly #data: MemoryBrokerData;
    readonly #group: MemoryConsumerGroup;
    readonly #options: ConsumeOptions;
    readonly #followed = new Map<string, Promise<void>>();
    #isAway = false;
    #isEnding = false;

    constructor(data: MemoryBrokerData, options: ConsumeOptions) {
        this.topics = options.topics;
        this.#data = data;
        this.#group = data.group(options.group);
        this.#options = options;
    }

    /** Has it end when what is being handled is done. */
    readonly end = (): void => {
        this.#isEnding = true;
        this.#data.changed();
    };

    async run(): Promise<void> {
        const {signal} = this.#options;
        signal.addEventListener('abort', this.end);
        if (signal.aborted)
            this.end();
        this.#group.join(this);
        this.#data.changed();
        try {
            while (!this.#isEnding) {
                this.#tellOutage();
                this.#followAssigned();
                await this.#change();
            }
        } finally {
            signal.removeEventListener('abort', this.end);
            this.#group.leave(this);
            this.#data.changed();
            await Promise.all(this.#followed.values());
        }
    }

    #tellOutage(): void {
        const {away} = this.#data;
        if (away === this.#isAway)
            return;
        this.#isAway = away;
        this.#options.onOutage?.(away ? new UnavailableError('The broker is away.', {code: 'BROKER_UNAVAILABLE'}) : undefined);
    }

    #followAssigned(): void {
        for (const topic of this.topics) {
            for (const partition of this.#data.partitionsOf(topic).keys()) {
                const place = {topic, partition};
                const key = `${topic}/${partition}`;
                if (this.#isMine(place) && !this.#followed.has(key))
                    this.#followed.set(key, this.#follow(place).finally(() => {
                        this.#followed.delete(key);
                        this.#data.changed();
                    }));
            }
        }
    }

    readonly #isMine = (place: TopicPartition): boolean => !this.#isEnding && this.#group.assignee(place) === this;

    async #follow(place: TopicPartition): Promise<void> {
        // Who had it before comes to an end first.
        while (!this.#group.take(place, this)) {
            if (!this.#isMine(place))
                return;
            await this.#change();
        }
        try {
            const failures = {count: 0};
            while (this.#isMine(place)) {
                try {
                    await this.#handleAll(place, failures);
                } catch {
                    // The caller's own failure, which it knows of: asked again from where it says.
                    await this.#pause(place, backoffMs(failures.count++, 20, MAX_PAUSE_MS));
                }
            }
        } finally {
            this.#group.giveBack(place);
        }
    }

    async #handleAll(place: TopicPartition, failures: {count: number}): Promise<void> {
        const {resume, handle} = this.#options;
        while (this.#data.away && this.#isMine(place))
            await this.#change();
        const [resumed] = await resume([place]);
        const partition = this.#data.partitionsOf(place.topic)[place.partition] as MemoryPartition;
        let next = this.#startOf(partition, resumed);
        if (next !== resumed && this.#isMine(place))
            await handle({...place, messages: [], nextOffset: next});
        while (this.#isMine(place)) {
            const messages = this.#data.away ? [] : batchOf(partition, next);
            if (messages.length === 0) {
                await this.#change();
                continue;
            }
            const nextOffset = next + BigInt(messages.length);
            await handle({...place, messages, nextOffset});
            next = nextOffset;
            failures.count = 0;
        }
    }

    /** An offset outside of what there is belongs to messages that are gone: all that are there are new then. */
    #startOf({first, messages}: MemoryPartition, resumed: bigint | undefined): bigint {
        const end = first + BigInt(messages.length);
        if (resumed !== undefined)
            return resumed < first || resumed > end ? first : resumed;
        return this.#options.from === 'start' ? first : end;
    }

    async #pause(place: TopicPartition, ms: number): Promise<void> {
        const end = performance.now() + ms;
        for (let left = ms; left > 0 && this.#isMine(place); left = end - performance.now())
            await this.#change(left);
    }

    /** Resolves at the next change of the broker or of its consumers, or after some ms. */
    #change(ms?: number): Promise<void> {
        const {listeners} = this.#data;
        return new Promise(resolve => {
            const wake = (): void => {
                clearTimeout(timer);
                listeners.delete(wake);
                resolve();
            };
            const timer = ms === undefined ? undefined : setTimeout(wake, ms);
            listeners.add(wake);
        });
    }
}

/** Copies: what a handler does to a message stays with it. */
function batchOf({first, messages}: MemoryPartition, from: bigint): readonly RecordedMessage[] {
    const batch: RecordedMessage[] = [];
    let bytes = 0;
    for (let at = Number(from - first); at < messages.length && batch.length < MAX_BATCH && bytes < MAX_BATCH_BYTES; at++) {
        const message = messages[at] as RecordedMessage;
        batch.push({...message, value: message.value?.slice() ?? null, headers: {...message.headers}});
        bytes += message.value?.length ?? 0;
    }
    return batch;
}
