import type {TopicPartition} from '../ports/index.ts';
import {hash32} from '../shared/hash.ts';

/** @internal One consumer among those of its group. */
export interface GroupMember {
    readonly topics: readonly string[];
}

/** @internal Which of a group's consumers has which partitions. */
export class MemoryConsumerGroup {
    readonly #members = new Set<GroupMember>();
    readonly #owners = new Map<string, GroupMember>();

    join(member: GroupMember): void {
        this.#members.add(member);
    }

    leave(member: GroupMember): void {
        this.#members.delete(member);
    }

    /** Who is to have a partition. */
    assignee({topic, partition}: TopicPartition): GroupMember | undefined {
        const members = [...this.#members].filter(({topics}) => topics.includes(topic));
        return members[(hash32(topic) + partition) % members.length];
    }

    /** Takes a partition, unless another one has it still. @returns Whether it was taken */
    take(partition: TopicPartition, member: GroupMember): boolean {
        if (this.#owners.has(keyOf(partition)))
            return false;
        this.#owners.set(keyOf(partition), member);
        return true;
    }

    giveBack(partition: TopicPartition): void {
        this.#owners.delete(keyOf(partition));
    }
}

const keyOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`;
