import assert from 'node:assert/strict';
import {delay, type ConsumeOptions, type IMessageBroker, type MessageBatch, type RecordedMessage, type TopicMessage, type TopicPartition} from 'woltage';

/** What a suite's factory makes. */
export interface BrokerUnderTest {
    /** Not connected yet. */
    readonly broker: IMessageBroker;
    /** Makes one more instance on the same broker, as another process or a restart would have it; not connected yet. */
    readonly second: () => IMessageBroker;
    /** Creates a topic that nobody has used before. @returns Its name */
    readonly createTopic: (partitions: number) => Promise<string>;
    /** The name of a topic that doesn't exist yet. */
    readonly unknownTopic: () => string;
    /** The name of a group that nobody has used before. */
    readonly newGroup: () => string;
    /** The size of a value that is surely accepted, and of one that surely isn't, in bytes. */
    readonly sizes: {readonly accepted: number; readonly refused: number};
    /** How long it may take at most until a message arrives, also when consumers of a group come and go, in ms. @default 10000 */
    readonly timeoutMs?: number | undefined;
    /** Takes the broker away, or brings it back; needed for `outages`. */
    readonly setAway?: ((away: boolean) => Promise<void>) | undefined;
    /** Removes what the test left behind; called after `close`. */
    readonly cleanup?: (() => Promise<void>) | undefined;
}

export const textOf = ({value}: RecordedMessage): string => new TextDecoder().decode(value ?? assert.fail('the value is null'));
export const placeOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`;

/** Messages with the texts `0`, `1`, ... */
export const numbered = (topic: string, count: number, more: Partial<TopicMessage> = {}): TopicMessage[] =>
    Array.from({length: count}, (_, n) => ({topic, value: String(n), ...more}));

export async function until(condition: () => boolean, what: () => string, {timeoutMs = 10_000}: BrokerUnderTest): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
        assert.ok(performance.now() < deadline, `not within ${timeoutMs} ms: ${what()}`);
        await delay(5);
    }
}

/** What the consumers of a group have taken over, and how far: as a database would know it. */
export class Ledger {
    readonly messages: RecordedMessage[] = [];
    readonly offsets = new Map<string, bigint>();

    get texts(): string[] {
        return this.messages.map(textOf);
    }

    take({messages, nextOffset, ...place}: MessageBatch): void {
        let at = this.offsets.get(placeOf(place)) ?? -1n;
        for (const {offset, topic, partition} of messages) {
            assert.deepEqual({topic, partition}, {topic: place.topic, partition: place.partition});
            assert.ok(offset >= at, `offset ${offset} came after ${at}`);
            at = offset + 1n;
        }
        assert.ok(nextOffset >= at, `the next offset is ${nextOffset}, behind ${at}`);
        this.messages.push(...messages);
        this.offsets.set(placeOf(place), nextOffset);
    }
}

export interface TrialOptions extends Partial<Omit<ConsumeOptions, 'topics'>> {
    readonly ledger?: Ledger;
    /** Runs before a batch is taken over. */
    readonly before?: (batch: MessageBatch) => unknown;
}

/** A consumer as its users write them: with its offsets kept beside its work, and fenced. */
export class Trial {
    readonly ledger: Ledger;
    /** The partitions that it was asked about, in all. */
    readonly assigned = new Set<string>();
    readonly batches: MessageBatch[] = [];
    readonly errors: unknown[] = [];
    readonly ended: Promise<void>;
    readonly #ending = new AbortController();
    readonly #known = new Map<string, bigint | undefined>();
    readonly #busy = new Set<string>();

    constructor(broker: IMessageBroker, topics: readonly string[], {ledger = new Ledger(), before, signal, ...options}: TrialOptions = {}) {
        this.ledger = ledger;
        this.ended = broker.consume({
            topics, group: 'trial', from: 'start',
            resume: async places => {
                await delay(1);
                return places.map(place => {
                    this.assigned.add(placeOf(place));
                    const offset = ledger.offsets.get(placeOf(place));
                    this.#known.set(placeOf(place), offset);
                    return offset;
                });
            },
            handle: async batch => {
                const place = placeOf(batch);
                if (this.#busy.has(place))
                    this.errors.push(new Error(`Two batches of ${place} at a time`));
                this.#busy.add(place);
                try {
                    await before?.(batch);
                    await delay(1);
                    this.#take(batch);
                } finally {
                    this.#busy.delete(place);
                }
            },
            ...options,
            signal: signal === undefined ? this.#ending.signal : AbortSignal.any([signal, this.#ending.signal])
        });
        // Looked at by stop; until then it is nobody's.
        this.ended.catch(() => undefined);
    }

    /** Ends it. Fails where anything has come out of order. */
    async stop(): Promise<void> {
        this.#ending.abort();
        await this.ended;
        assert.deepEqual(this.errors, []);
    }

    #take(batch: MessageBatch): void {
        const place = placeOf(batch);
        // Somebody else has had the partition meanwhile: what a compare-and-set of the database would say.
        if (this.ledger.offsets.get(place) !== this.#known.get(place))
            throw new Error('The partition was lost.');
        try {
            this.ledger.take(batch);
        } catch (error) {
            this.errors.push(error);
            throw error;
        }
        this.batches.push(batch);
        this.#known.set(place, batch.nextOffset);
    }
}

/** Consumes until as many messages have come, and a little longer: there must be no more. */
export async function consumeAll(underTest: BrokerUnderTest, topics: readonly string[], count: number, options: TrialOptions = {}, broker = underTest.broker): Promise<Ledger> {
    const trial = new Trial(broker, topics, {group: underTest.newGroup(), ...options});
    const {ledger} = trial;
    try {
        await until(() => ledger.messages.length >= count, () => `${ledger.messages.length} of ${count} messages`, underTest);
        await delay(30);
    } finally {
        await trial.stop();
    }
    assert.equal(ledger.messages.length, count);
    return ledger;
}

/** Runs a task with a second instance, connected. */
export async function withSecond<R>({second}: BrokerUnderTest, task: (broker: IMessageBroker) => Promise<R>): Promise<R> {
    const broker = second();
    await broker.connect();
    try {
        return await task(broker);
    } finally {
        await broker.close();
    }
}

export const rejectsWith = (code: string, task: () => Promise<unknown>): Promise<void> => assert.rejects(task, {code});
