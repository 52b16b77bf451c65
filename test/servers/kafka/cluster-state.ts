import {createHash} from 'node:crypto';
import {Group} from './groups.ts';
import {PartitionLog} from './partition-log.ts';

/** What outlives the server's being stopped: topics, offsets of groups, ids of producers. */
export class ClusterState {
    readonly topics = new Map<string, PartitionLog[]>();
    readonly #groups = new Map<string, Group>();
    readonly #waiting = new Set<() => void>();
    #producerIds = 1000n;

    newProducerId(): bigint {
        return this.#producerIds++;
    }

    createTopic(name: string, partitions: number): PartitionLog[] {
        const topic = Array.from({length: partitions}, () => new PartitionLog());
        this.topics.set(name, topic);
        return topic;
    }

    /** A topic's id, as newer versions name it, in hex. */
    topicId(name: string): string {
        return createHash('md5').update(name).digest('hex');
    }

    topicOfId(id: string): string {
        return [...this.topics.keys()].find(name => this.topicId(name) === id) ?? '';
    }

    partition(topic: string, partition: number): PartitionLog | undefined {
        return this.topics.get(topic)?.[partition];
    }

    group(id: string): Group {
        let group = this.#groups.get(id);
        if (group === undefined)
            this.#groups.set(id, group = new Group());
        return group;
    }

    /** A coordinator that starts anew knows no members; offsets are kept. */
    forgetMembers(): void {
        for (const [id, group] of this.#groups) {
            group.close();
            const fresh = new Group();
            fresh.generation = group.generation;
            for (const [partition, offset] of group.offsets)
                fresh.offsets.set(partition, offset);
            this.#groups.set(id, fresh);
        }
    }

    close(): void {
        for (const group of this.#groups.values())
            group.close();
    }

    /** Wakes those who wait for messages. */
    readonly appended = (): void => {
        for (const wake of [...this.#waiting])
            wake();
    };

    /** Resolves when something was appended, when the time is over, or when the connection has gone. */
    async change(ms: number, gone: AbortSignal): Promise<void> {
        await new Promise<void>(resolve => {
            const done = (): void => {
                clearTimeout(timer);
                gone.removeEventListener('abort', done);
                this.#waiting.delete(done);
                resolve();
            };
            const timer = setTimeout(done, ms).unref();
            gone.addEventListener('abort', done, {once: true});
            this.#waiting.add(done);
        });
    }
}
