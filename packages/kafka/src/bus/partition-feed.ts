import type {TopicPartition} from 'woltage';
import {driverError} from '../driver/failures.ts';
import type {DriverError, FetchedPartition, IKafkaReader, PartitionOffset} from '../driver/kafka-driver.ts';

const MAX_WAIT_MS = 250;
const MAX_BYTES = 1_048_576;

type Outcome = {readonly fetched: readonly FetchedPartition[]} | {readonly failure: DriverError};

/** Reads several partitions on their brokers, one fetch at a time for each broker. */
export class PartitionFeed {
    readonly #reader: IKafkaReader;
    readonly #underWay = new Map<number, Promise<Outcome & {readonly leader: number}>>();

    constructor(reader: IKafkaReader) {
        this.#reader = reader;
    }

    /** Waits for the first broker to answer. @throws DriverError */
    async next(wanted: readonly PartitionOffset[]): Promise<readonly FetchedPartition[]> {
        const leaders = await this.#reader.leaders(wanted);
        for (const leader of new Set(leaders)) {
            if (!this.#underWay.has(leader))
                this.#underWay.set(leader, this.#fetch(leader, wanted.filter((_, index) => leaders[index] === leader)));
        }
        const outcome = await Promise.race(this.#underWay.values());
        this.#underWay.delete(outcome.leader);
        if ('failure' in outcome)
            throw outcome.failure;
        return outcome.fetched;
    }

    async #fetch(leader: number, places: readonly (TopicPartition & PartitionOffset)[]): Promise<Outcome & {readonly leader: number}> {
        try {
            return {leader, fetched: await this.#reader.fetch(places, {maxWaitMs: MAX_WAIT_MS, maxBytes: MAX_BYTES})};
        } catch (error) {
            return {leader, failure: driverError(error)};
        }
    }
}
