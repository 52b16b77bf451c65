import {delay, type ConsumeOptions} from 'woltage';
import {outageOf, runLives} from '../consume/lives.ts';
import type {Outage} from '../consume/outage.ts';
import {kafkaJsError} from './failures.ts';
import {Membership, type MembershipOptions} from './membership.ts';

/** How often topics that don't exist are looked for. */
const LOOK_FOR_TOPICS_MS = 1000;

export type KafkaJsConsumerOptions = ConsumeOptions & Omit<MembershipOptions, 'outage'>;

/** Consumes topics as a member of a group, whatever happens to the broker, until the signal aborts. kafkajs is not trusted to recover: whatever goes wrong ends a membership, and another is begun. */
export class KafkaJsConsumer {
    readonly #options: KafkaJsConsumerOptions;
    readonly #outage: Outage;

    constructor(options: KafkaJsConsumerOptions) {
        this.#options = options;
        this.#outage = outageOf(options);
    }

    /** @throws DriverError of kind `refused` */
    run(): Promise<void> {
        return runLives(this.#options, this.#outage, kafkaJsError, life => this.#live(life));
    }

    /** One membership. @returns Whether it has had partitions */
    async #live(life: AbortController): Promise<boolean> {
        const topics = await this.#existing();
        if (topics.length === 0) {
            await delay(LOOK_FOR_TOPICS_MS, life.signal);
            return false;
        }
        const membership = new Membership({...this.#options, topics, outage: this.#outage}, life);
        const watching = this.#watchTopics(topics, life);
        try {
            return await membership.run();
        } finally {
            life.abort();
            await watching;
        }
    }

    async #existing(): Promise<readonly string[]> {
        const {cluster, topics} = this.#options;
        const counts = await Promise.all([...new Set(topics)].map(async topic => ({topic, count: await cluster.partitions(topic)})));
        return counts.filter(({count}) => count > 0).map(({topic}) => topic);
    }

    /** Ends the life when topics have come to be. (Of more partitions kafkajs hears by itself.) */
    async #watchTopics(known: readonly string[], life: AbortController): Promise<void> {
        const everything = new Set(this.#options.topics).size;
        while (known.length < everything && !life.signal.aborted) {
            await delay(LOOK_FOR_TOPICS_MS, life.signal);
            if (life.signal.aborted)
                return;
            // While the broker is away, others tell of it.
            const existing = await this.#existing().catch(() => known);
            if (existing.length > known.length)
                life.abort();
        }
    }
}
