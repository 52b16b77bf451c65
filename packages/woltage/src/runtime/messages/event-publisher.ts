import {StaleRecordError} from '../../errors/index.ts';
import type {RecordedEvent} from '../../events/index.ts';
import type {IEventStore, IMessageBroker, IStore, StoreRecord} from '../../ports/index.ts';
import {backoffMs, delay} from '../../shared/delay.ts';
import type {Logger} from '../../shared/logger.ts';
import type {Self} from '../../shared/owner.ts';
import {errorType, measuring} from '../../shared/telemetry.ts';
import {uuidV7} from '../../shared/uuid.ts';
import {WorkLease} from '../../tasks/index.ts';
import type {Reveal} from '../personal/personal-data.ts';
import type {CompiledPublication} from './compiled-publication.ts';
import {decodeMark, encodeMark, leaseKey, markKey, newMark, type PublicationMark} from './publication-mark.ts';
import {messagesOf, publishedTail, unpublished, type Spread} from './published-tail.ts';

export interface EventPublisherOptions {
    readonly publication: CompiledPublication;
    /** With personal fields encrypted. */
    readonly eventStore: IEventStore;
    /** Where the publication wants personal fields in the clear. */
    readonly reveal: Reveal | undefined;
    /** A scope of the topic. */
    readonly store: IStore;
    readonly broker: IMessageBroker;
    readonly self: Self;
    readonly log: Logger;
}

const BATCH = 500;
const MAX_PAUSE_MS = 5000;
/** A stretch without events is noted when it has this length, in positions, so that it isn't read again. */
const NOTED_STRETCH = 10_000n;

/** Publishes the events of one publication: in order, by one process at a time, each once, as far as the broker lets it know what it has. */
export class EventPublisher {
    readonly #options: EventPublisherOptions;
    readonly #lease: WorkLease;
    #abort = new AbortController();
    #running: Promise<void> = Promise.resolve();
    #isWorking = false;
    #error: Error | undefined;

    constructor(options: EventPublisherOptions) {
        const {publication: {name}, store, self, log} = options;
        this.#options = options;
        this.#lease = new WorkLease({store, key: leaseKey(name), self, log});
    }

    get publication(): CompiledPublication {
        return this.#options.publication;
    }

    /** Whether this process publishes. */
    get isWorking(): boolean {
        return this.#isWorking;
    }

    /** Why it doesn't get on at present, where this process publishes. */
    get error(): Error | undefined {
        return this.#error;
    }

    /** Sees to it that there is a mark, from which on events count; begins to publish. */
    async start(): Promise<void> {
        await this.#options.store.createTables();
        await this.#prepare();
        this.#abort = new AbortController();
        this.#running = this.#lease.run(signal => this.#work(signal), this.#abort.signal);
    }

    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#running;
    }

    /** How far it has got, whoever publishes. */
    async mark(): Promise<PublicationMark | undefined> {
        const record = await this.#record();
        return record && decodeMark(record);
    }

    /** The position of the last event that it is about, in the event store. */
    head(): Promise<bigint | null> {
        return this.#options.eventStore.getLatestPosition({types: this.publication.types});
    }

    async #record(): Promise<StoreRecord | undefined> {
        const [record] = await this.#options.store.getRecords([markKey(this.publication.name)]);
        return record;
    }

    async #prepare(): Promise<void> {
        if (await this.#record() !== undefined)
            return;
        const position = this.publication.from === 'start' ? undefined : await this.#options.eventStore.getLatestPosition() ?? undefined;
        try {
            await this.#write(newMark(position), null);
        } catch (error) {
            // Another instance was faster.
            if (!(error instanceof StaleRecordError))
                throw error;
        }
    }

    async #write(mark: PublicationMark, expected: string | null): Promise<string> {
        const token = uuidV7();
        await this.#options.store.commit({records: [{key: markKey(this.publication.name), value: encodeMark(mark), token, expected}]});
        return token;
    }

    async #work(signal: AbortSignal): Promise<void> {
        this.#isWorking = true;
        try {
            await this.#follow(signal);
        } catch (error) {
            // What comes of an end that was asked for is nobody's concern.
            if (signal.aborted)
                return;
            this.#error = error as Error;
            throw error;
        } finally {
            this.#isWorking = false;
        }
    }

    async #follow(signal: AbortSignal): Promise<void> {
        const {eventStore, broker, publication: {types, topic}} = this.#options;
        const record = await this.#record();
        // Somebody has removed it: all begins anew.
        if (record === undefined)
            return this.#prepare();
        let mark = decodeMark(record);
        let {token} = record;
        let isFirst = true;
        for await (const {events, position} of eventStore.subscribe({after: mark.position, filter: {types}, signal, batchSize: BATCH})) {
            if (position === undefined || events.length === 0 && position - (mark.position ?? -1n) < NOTED_STRETCH) {
                this.#error = undefined;
                continue;
            }
            if (events.length > 0) {
                const partitions = isFirst ? await this.#untilThere(signal, () => broker.partitions(topic)) : mark.partitions;
                // Keys were elsewhere under another number of partitions: by another id, what stands at their ends tells nothing.
                if (partitions !== mark.partitions)
                    token = await this.#write(mark = {...mark, id: uuidV7(), partitions}, token);
                await this.#publish(events, {topic, publicationId: mark.id, partitions}, isFirst, signal);
                isFirst = false;
            }
            token = await this.#write(mark = {...mark, position}, token);
            this.#error = undefined;
        }
    }

    /** @param isDoubtful Whether some of them may have been published, as after each failure */
    async #publish(events: readonly RecordedEvent[], spread: Spread, isDoubtful: boolean, signal: AbortSignal): Promise<void> {
        const {broker, reveal} = this.#options;
        let mustLook = isDoubtful;
        await this.#untilThere(signal, async () => {
            // Anew for each attempt: a broker may be away for long, and somebody be forgotten meanwhile.
            const messages = messagesOf(await reveal?.(events) ?? events, spread);
            const left = mustLook ? unpublished(messages, await publishedTail(broker, spread)) : messages;
            mustLook = true;
            signal.throwIfAborted();
            if (left.length > 0)
                await broker.publish(left, {signal});
            measuring()?.publishedEvents.add(left.length, {'woltage.topic': spread.topic});
        });
    }

    /** Tries until it succeeds: nothing may be left out, whatever is in its way. */
    async #untilThere<R>(signal: AbortSignal, task: () => Promise<R>): Promise<R> {
        const {topic, name} = this.publication;
        for (let failures = 0; ; failures++) {
            try {
                const result = await task();
                if (failures > 0)
                    this.#options.log.info({topic, publication: name}, 'A publication goes on');
                return result;
            } catch (error) {
                signal.throwIfAborted();
                this.#error = error as Error;
                if (failures === 0)
                    this.#options.log.warn({err: error, topic, publication: name}, 'A publication waits: the broker doesn\'t take its events');
                measuring()?.publishedEvents.add(0, {'woltage.topic': topic, 'error.type': errorType(error)});
                await delay(backoffMs(failures, 100, MAX_PAUSE_MS), signal);
                signal.throwIfAborted();
            }
        }
    }
}
