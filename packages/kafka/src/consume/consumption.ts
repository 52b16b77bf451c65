import {delay, UnavailableError, type ConsumeOptions, type Logger, type TopicPartition} from 'woltage';
import {driverError} from '../driver/failures.ts';
import type {FetchedPartition, IKafkaReader, PartitionOffset} from '../driver/kafka-driver.ts';
import {pauseMs} from '../pause.ts';
import {Lane} from './lane.ts';
import type {Outage} from './outage.ts';

/** How long a fetch waits for messages: as long may a partition that becomes hungry meanwhile wait for its turn. */
const MAX_WAIT_MS = 250;
const MAX_BYTES = 1_048_576;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2000;
/** How long a partition whose batch can't be read is left alone. */
const UNREADABLE_PAUSE_MS = 5000;

export interface ConsumptionOptions extends Pick<ConsumeOptions, 'resume' | 'handle' | 'from'> {
    readonly reader: IKafkaReader;
    readonly partitions: readonly TopicPartition[];
    readonly outage: Outage;
    readonly logger: Logger;
    readonly onHandled: (place: TopicPartition, nextOffset: bigint) => void;
    readonly signal: AbortSignal;
}

interface Wish {
    readonly lane: Lane;
    readonly offset: bigint;
}

/** Reads partitions that are assigned, all at once, until the signal aborts. */
export class Consumption {
    readonly #options: ConsumptionOptions;
    readonly #busy = new Set<number>();
    readonly #fetches = new Set<Promise<void>>();
    /** What can't be read, and is left alone for a while. */
    readonly #unreadable = new Set<Lane>();
    /** What could not be read when it was last tried: as long as there is any, the outage isn't over. */
    readonly #stuck = new Set<Lane>();
    #lanes: readonly Lane[] = [];
    #isAsking = false;
    #isAskedAgain = false;
    #failed = 0;

    constructor(options: ConsumptionOptions) {
        this.#options = options;
    }

    /** Resolves when the signal has aborted and everything that is being handled is done. @throws what asking for the beginning throws: then nothing has been handled */
    async run(): Promise<void> {
        const {partitions, resume, signal} = this.#options;
        const offsets = await this.#beginnings(await resume(partitions));
        if (signal.aborted)
            return;
        this.#lanes = partitions.map((place, index) => this.#lane(place, offsets[index] as bigint));
        this.#options.outage.end();
        await Promise.all(this.#lanes.map(lane => lane.run()));
        await Promise.all(this.#fetches);
    }

    #lane(place: TopicPartition, offset: bigint): Lane {
        const {resume, handle, onHandled, logger, signal} = this.#options;
        return new Lane({
            place, resume, handle, onHandled, signal,
            begin: async () => (await this.#beginnings([undefined], [place]))[0] as bigint,
            onHunger: () => this.#pump(),
            onFailure: error => logger.debug({...place, err: error}, 'A batch was not taken over, it comes again')
        }, offset);
    }

    async #beginnings(resumed: readonly (bigint | undefined)[], places = this.#options.partitions): Promise<readonly bigint[]> {
        const {reader, from} = this.#options;
        const open = places.filter((_, index) => resumed[index] === undefined);
        const found = open.length === 0 ? [] : await reader.offsets(open, from === 'start' ? 'start' : 'end');
        let next = 0;
        return places.map((_, index) => resumed[index] ?? found[next++] as bigint);
    }

    /** Starts fetches for what is hungry, one at a time for each broker. */
    #pump(): void {
        this.#isAskedAgain = this.#isAsking;
        if (this.#isAsking || this.#options.signal.aborted)
            return;
        this.#isAsking = true;
        const pumped = this.#start().catch((error: unknown) => this.#onFailure(error)).finally(() => {
            this.#isAsking = false;
            this.#fetches.delete(pumped);
            if (this.#isAskedAgain)
                this.#pump();
        });
        this.#fetches.add(pumped);
    }

    async #start(): Promise<void> {
        // Whoever becomes hungry in the same turn goes along.
        await Promise.resolve();
        const wishes = this.#lanes.flatMap((lane): Wish[] => {
            const wanted = this.#unreadable.has(lane) ? undefined : lane.wanted;
            return wanted === undefined ? [] : [{lane, offset: wanted}];
        });
        if (wishes.length === 0)
            return;
        const leaders = await this.#options.reader.leaders(wishes.map(({lane}) => lane.place));
        for (const leader of new Set(leaders)) {
            if (this.#busy.has(leader))
                continue;
            this.#busy.add(leader);
            const fetch = this.#fetch(wishes.filter((_, index) => leaders[index] === leader)).finally(() => {
                this.#busy.delete(leader);
                this.#fetches.delete(fetch);
                this.#pump();
            });
            this.#fetches.add(fetch);
        }
    }

    /** Never rejects. */
    async #fetch(wishes: readonly Wish[]): Promise<void> {
        const {reader, outage, signal} = this.#options;
        try {
            const places = wishes.map(({lane, offset}): PartitionOffset => ({...lane.place, offset}));
            const fetched = await reader.fetch(places, {maxWaitMs: MAX_WAIT_MS, maxBytes: MAX_BYTES});
            if (signal.aborted)
                return;
            const later = fetched.find(({problem}) => problem?.kind === 'later')?.problem;
            for (const partition of fetched)
                await this.#deliver(partition, wishes);
            if (later !== undefined)
                throw later.error;
            this.#failed = 0;
            if (this.#stuck.size === 0)
                outage.end();
        } catch (error) {
            if (driverError(error).kind === 'unreadable')
                await this.#isolate(wishes, error);
            else
                await this.#onFailure(error);
        }
    }

    async #deliver({topic, partition, messages, nextOffset, problem}: FetchedPartition, wishes: readonly Wish[]): Promise<void> {
        const wish = wishes.find(({lane: {place}}) => place.topic === topic && place.partition === partition);
        if (wish === undefined)
            return;
        if (problem?.kind !== 'later')
            this.#stuck.delete(wish.lane);
        if (problem === undefined)
            wish.lane.offer(wish.offset, messages, nextOffset);
        else if (problem.kind === 'out of range')
            await this.#moveToStart(wish);
    }

    /** What stood there is gone: retention was faster, or the topic is another one of the same name. */
    async #moveToStart({lane, offset}: Wish): Promise<void> {
        const {reader, outage, logger} = this.#options;
        const [[start], [end]] = await Promise.all([reader.offsets([lane.place], 'start'), reader.offsets([lane.place], 'end')]) as [[bigint], [bigint]];
        if (offset >= start && offset <= end)
            return;
        const {topic, partition} = lane.place;
        const text = offset < start
            ? `Messages ${offset} to ${start - 1n} of ${topic}/${partition} were deleted by Kafka before they were read; reading goes on at ${start}.`
            : `${topic}/${partition} ends at ${end}, before the offset ${offset} to go on from: it was made anew, or has lost messages. Reading begins with its first message, ${start}.`;
        logger.error({...lane.place, offset: String(offset), start: String(start), end: String(end)}, text);
        outage.begin(new UnavailableError(text, {code: 'MESSAGES_LOST', details: {...lane.place, offset: String(offset), start: String(start)}}));
        lane.moveTo(offset, start);
    }

    /** One batch that can't be unpacked makes the whole answer unreadable: it is found by reading each partition alone. */
    async #isolate(wishes: readonly Wish[], error: unknown): Promise<void> {
        if (wishes.length > 1) {
            for (const wish of wishes)
                await this.#fetch([wish]);
            return;
        }
        const [{lane, offset}] = wishes as [Wish];
        const {topic, partition} = lane.place;
        const text = `${topic}/${partition} can't be read from offset ${offset} on: ${driverError(error).message}. It waits there.`;
        // Told once, however often it is tried.
        if (!this.#stuck.has(lane))
            this.#options.logger.error({topic, partition, offset: String(offset), err: error}, text);
        this.#stuck.add(lane);
        this.#options.outage.begin(new UnavailableError(text, {code: 'MESSAGE_UNREADABLE', cause: error, details: {topic, partition, offset: String(offset)}}));
        this.#unreadable.add(lane);
        const pause = delay(UNREADABLE_PAUSE_MS, this.#options.signal).finally(() => {
            this.#unreadable.delete(lane);
            this.#fetches.delete(pause);
            this.#pump();
        });
        this.#fetches.add(pause);
    }

    async #onFailure(error: unknown): Promise<void> {
        const {outage, signal, logger} = this.#options;
        if (signal.aborted)
            return;
        const failure = driverError(error);
        logger.debug({err: failure}, 'Reading from Kafka failed, it is tried again');
        // One failure is a change of leaders, or a connection that was closed for having been idle.
        if (this.#failed++ > 0)
            outage.begin(failure);
        await delay(pauseMs(this.#failed, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal);
        this.#pump();
    }
}
