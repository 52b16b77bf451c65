import type {IStore, RecordWrite, TopicPartition} from '../../ports/index.ts';
import {uuidV7} from '../../shared/uuid.ts';

const PREFIX = 'offset/';
const keyOf = ({topic, partition}: TopicPartition): string => `${PREFIX}${topic}/${partition}`;

/** A write of an offset, which is known once it is committed. */
export interface OffsetMove {
    readonly record: RecordWrite;
    readonly done: () => void;
}

/** How far an action has got in its topics: a record for each partition. Its token fences a consumer that has lost the partition. */
export class MessageOffsets {
    readonly #store: IStore;
    /** As they were when this process was given the partition, or has written them itself. */
    readonly #tokens = new Map<string, string | null>();

    /** @param store The scope of the action */
    constructor(store: IStore) {
        this.#store = store;
    }

    async read(partitions: readonly TopicPartition[]): Promise<readonly (bigint | undefined)[]> {
        const records = await this.#store.getRecords(partitions.map(keyOf));
        return partitions.map((partition, index) => {
            const record = records[index];
            this.#tokens.set(keyOf(partition), record?.token ?? null);
            return record && BigInt(record.value);
        });
    }

    /** Of which partitions something is known, whoever has written it. */
    async known(partitions: readonly TopicPartition[]): Promise<number> {
        return (await this.#store.getRecords(partitions.map(keyOf))).filter(record => record !== undefined).length;
    }

    move(partition: TopicPartition, nextOffset: bigint): OffsetMove {
        const key = keyOf(partition);
        const token = uuidV7();
        return {
            record: {key, value: String(nextOffset), token, expected: this.#tokens.get(key) ?? null},
            done: () => void this.#tokens.set(key, token)
        };
    }
}
