import {StaleRecordError} from '../../errors/index.ts';
import type {IStore, RecordWrite, TopicPartition} from '../../ports/index.ts';
import {uuidV7} from '../../shared/uuid.ts';

const PREFIX = 'offset/';
const keyOf = ({topic, partition}: TopicPartition): string => `${PREFIX}${topic}/${partition}`;

/** How far an action has got in a partition, and how often its offsets have begun again: with a topic that was made anew. */
interface Place {
    readonly next: bigint;
    readonly epoch: number;
}

const encode = ({next, epoch}: Place): string => epoch === 0 ? String(next) : `${next}/${epoch}`;

function decode(value: string): Place {
    const [next = '', epoch = 0] = value.split('/');
    return {next: BigInt(next), epoch: Number(epoch)};
}

/** A write of an offset, which is known once it is committed. */
export interface OffsetMove {
    /** Grows where the offset goes back: what comes from then on are other messages. */
    readonly epoch: number;
    readonly record: RecordWrite;
    readonly done: () => void;
}

/** How far an action has got in its topics: a record for each partition. Its token fences a consumer that has lost the partition. */
export class MessageOffsets {
    readonly #store: IStore;
    /** As they were when this process was given the partition, or has written them itself. */
    readonly #known = new Map<string, {readonly token: string; readonly place: Place}>();

    /** @param store The scope of the action */
    constructor(store: IStore) {
        this.#store = store;
    }

    async read(partitions: readonly TopicPartition[]): Promise<readonly (bigint | undefined)[]> {
        const records = await this.#store.getRecords(partitions.map(keyOf));
        return partitions.map((partition, index) => {
            const record = records[index];
            const place = record && decode(record.value);
            if (place === undefined)
                this.#known.delete(keyOf(partition));
            else
                this.#known.set(keyOf(partition), {token: record?.token ?? '', place});
            return place?.next;
        });
    }

    /**
     * Whether a topic has got a partition since it was first asked about one of it, by whichever process.
     *
     * @param count How many it has
     */
    async isLater({topic, partition}: TopicPartition, count: () => Promise<number>): Promise<boolean> {
        const key = `partitions/${topic}`;
        for (;;) {
            const [found] = await this.#store.getRecords([key]);
            if (found !== undefined)
                return partition >= Number(found.value);
            try {
                const value = String(Math.max(await count(), partition + 1));
                await this.#store.commit({records: [{key, value, token: uuidV7(), expected: null}]});
                return false;
            } catch (error) {
                if (!(error instanceof StaleRecordError))
                    throw error;
            }
        }
    }

    /** Of which partitions something is known, whoever has written it. */
    async known(partitions: readonly TopicPartition[]): Promise<number> {
        return (await this.#store.getRecords(partitions.map(keyOf))).filter(record => record !== undefined).length;
    }

    move(partition: TopicPartition, nextOffset: bigint): OffsetMove {
        const key = keyOf(partition);
        const token = uuidV7();
        const before = this.#known.get(key);
        const {next, epoch} = before?.place ?? {next: 0n, epoch: 0};
        const place = {next: nextOffset, epoch: nextOffset < next ? epoch + 1 : epoch};
        return {
            epoch: place.epoch,
            record: {key, value: encode(place), token, expected: before?.token ?? null},
            done: () => void this.#known.set(key, {token, place})
        };
    }
}
