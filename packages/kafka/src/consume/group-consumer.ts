import {setMaxListeners} from 'node:events';
import {delay, type ConsumeOptions, type Logger, type TopicPartition} from 'woltage';
import {DriverError, type IKafkaDriver, type IKafkaMember, type PartitionOffset} from '../driver/kafka-driver.ts';
import {driverError} from '../driver/failures.ts';
import {Consumption} from './consumption.ts';
import {outageOf, runLives} from './lives.ts';
import type {Outage} from './outage.ts';

/** How often topics that don't exist are looked for, and whether topics have got more partitions. */
const LOOK_FOR_TOPICS_MS = 1000;
const LOOK_FOR_PARTITIONS_MS = 30_000;
/** How often offsets are noted with the group, for tools that show its lag. */
const COMMIT_MS = 5000;

export interface GroupConsumerOptions extends ConsumeOptions {
    readonly driver: IKafkaDriver;
    readonly logger: Logger;
}

/** Consumes topics as a member of a group, whatever happens to the broker, until the signal aborts. */
export class GroupConsumer {
    readonly #options: GroupConsumerOptions;
    readonly #outage: Outage;

    constructor(options: GroupConsumerOptions) {
        this.#options = options;
        this.#outage = outageOf(options);
    }

    /** @throws DriverError of kind `refused` */
    run(): Promise<void> {
        return runLives(this.#options, this.#outage, driverError, life => this.#live(life));
    }

    /** One membership. @returns Whether it has had partitions */
    async #live(life: AbortController): Promise<boolean> {
        const {driver, group, logger} = this.#options;
        const counts = await this.#existing();
        if (counts.size === 0) {
            await delay(LOOK_FOR_TOPICS_MS, life.signal);
            return false;
        }
        const assignments = new Assignments(life);
        const member = await driver.join(group, [...counts.keys()], assignments, life.signal);
        const reader = driver.reader();
        // Nobody waits for the end of a fetch that waits for messages.
        const closeReader = (): void => void (readerClosed = reader.close());
        let readerClosed: Promise<void> | undefined;
        life.signal.addEventListener('abort', closeReader);
        const watching = this.#watchTopics(counts, life);
        const committer = new Committer(member, logger);
        let hasConsumed = false;
        try {
            for (let partitions = await assignments.next(); partitions !== undefined; partitions = await assignments.next()) {
                const {resume, handle, from} = this.#options;
                if (partitions.length > 0)
                    hasConsumed = true;
                else
                    this.#outage.end();
                const {signal} = assignments;
                await assignments.watch(new Consumption({reader, partitions, resume, handle, from, outage: this.#outage, logger, onHandled: committer.note, signal}).run());
            }
        } finally {
            life.abort();
            await Promise.all([watching, committer.close(), readerClosed]);
            await member.leave();
        }
        if (assignments.error !== undefined)
            throw assignments.error;
        return hasConsumed;
    }

    /** The topics that exist, with how many partitions they have. */
    async #existing(): Promise<Map<string, number>> {
        const {driver, topics, logger} = this.#options;
        const counts = await Promise.all([...new Set(topics)].map(async topic => [topic, await driver.partitions(topic, true)] as const));
        const missing = counts.filter(([, count]) => count === 0).map(([topic]) => topic);
        if (missing.length > 0)
            logger.debug({topics: missing}, 'Topics don\'t exist yet; they are waited for');
        return new Map(counts.filter(([, count]) => count > 0));
    }

    /** Ends the life when there is more to consume than it knows of. */
    async #watchTopics(known: ReadonlyMap<string, number>, life: AbortController): Promise<void> {
        const everything = new Set(this.#options.topics).size;
        while (!life.signal.aborted) {
            await delay(known.size < everything ? LOOK_FOR_TOPICS_MS : LOOK_FOR_PARTITIONS_MS, life.signal);
            if (life.signal.aborted)
                return;
            // While the broker is away, others tell of it.
            const counts = await this.#existing().catch(() => known);
            if ([...counts].some(([topic, count]) => count !== known.get(topic)))
                life.abort();
        }
    }
}

/** What the group assigns, one generation after the other. */
class Assignments {
    readonly #life: AbortController;
    #partitions: readonly TopicPartition[] | undefined;
    #wake: (() => void) | undefined;
    #generation = new AbortController();
    #consumed: Promise<void> = Promise.resolve();
    error: DriverError | undefined;

    constructor(life: AbortController) {
        this.#life = life;
        life.signal.addEventListener('abort', () => {
            this.#generation.abort();
            this.#wake?.();
        });
    }

    /** Of the generation that `next` has given. */
    get signal(): AbortSignal {
        return this.#generation.signal;
    }

    readonly onAssigned = (partitions: readonly TopicPartition[]): void => {
        this.#generation.abort();
        this.#partitions = partitions;
        this.#wake?.();
    };

    readonly onRebalance = async (): Promise<void> => {
        this.#generation.abort();
        await this.#consumed;
    };

    readonly onLost = (error: Error): void => {
        this.error = error instanceof DriverError ? error : driverError(error);
        this.#life.abort();
    };

    /** Lets rebalances wait for it. */
    async watch(consumed: Promise<void>): Promise<void> {
        this.#consumed = consumed.catch(() => undefined);
        await consumed;
    }

    /** Waits for a generation; `undefined` when the life is over. */
    async next(): Promise<readonly TopicPartition[] | undefined> {
        while (this.#partitions === undefined && !this.#life.signal.aborted) {
            await new Promise<void>(resolve => {
                this.#wake = resolve;
            });
        }
        const partitions = this.#partitions;
        this.#partitions = undefined;
        if (this.#life.signal.aborted)
            return undefined;
        this.#generation = new AbortController();
        // Each partition listens.
        setMaxListeners(0, this.#generation.signal);
        return partitions;
    }
}

/** Notes offsets with the group, now and then. They are nothing that consumers go by. */
class Committer {
    readonly #member: IKafkaMember;
    readonly #logger: Logger;
    readonly #timer: NodeJS.Timeout;
    #offsets = new Map<string, PartitionOffset>();
    #underWay: Promise<void> = Promise.resolve();

    constructor(member: IKafkaMember, logger: Logger) {
        this.#member = member;
        this.#logger = logger;
        this.#timer = setInterval(() => {
            this.#underWay = this.#commit();
        }, COMMIT_MS);
    }

    readonly note = (place: TopicPartition, offset: bigint): void => {
        this.#offsets.set(`${place.topic}/${place.partition}`, {...place, offset});
    };

    async close(): Promise<void> {
        clearInterval(this.#timer);
        await this.#underWay;
        await this.#commit();
    }

    async #commit(): Promise<void> {
        const offsets = [...this.#offsets.values()];
        if (offsets.length === 0)
            return;
        this.#offsets = new Map();
        try {
            await this.#member.commit(offsets);
        } catch (error) {
            this.#logger.debug({err: error}, 'Offsets were not noted with the group');
        }
    }
}
