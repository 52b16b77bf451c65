import {IS_CONTROL, IS_TRANSACTIONAL, kPerformWithRetry, type Consumer, type RecordsBatch} from '@platformatic/kafka';

/** A producer's transaction that was aborted, and where its first batch stands. */
export interface AbortedTransaction {
    readonly producerId: bigint;
    readonly firstOffset: bigint;
}

interface Answered {
    aborted?: readonly AbortedTransaction[];
    abortedTransactions: readonly AbortedTransaction[];
}

interface FetchAnswer {
    readonly responses: readonly {readonly partitions: readonly Answered[]}[];
}

/**
 * Keeps the library from leaving out aborted messages by itself: it knows one transaction of each producer in an answer, and none whose end stands beyond it; and a transaction that ended without messages in
 * the partition makes it throw where nobody can catch it. There is no option for that: the answer is changed on its way.
 */
export function keepAborted(consumer: Consumer): void {
    const perform = consumer[kPerformWithRetry].bind(consumer) as (...args: readonly unknown[]) => unknown;
    Object.defineProperty(consumer, kPerformWithRetry, {
        value: (operation: string, task: unknown, callback: (error: unknown, answer?: FetchAnswer) => void, ...rest: readonly unknown[]) => {
            const hide = (error: unknown, answer?: FetchAnswer): void => {
                for (const partition of answer?.responses.flatMap(({partitions}) => partitions) ?? []) {
                    partition.aborted = partition.abortedTransactions;
                    partition.abortedTransactions = [];
                }
                callback(error, answer);
            };
            return perform(operation, task, operation === 'fetch' ? hide : callback, ...rest);
        }
    });
}

/** The aborted transactions of a partition's answer. */
export const abortedOf = (partition: object): readonly AbortedTransaction[] => {
    const {aborted, abortedTransactions} = partition as Partial<Answered>;
    return aborted ?? abortedTransactions ?? [];
};

/** Tells of one batch after the other, in their order, whether it belongs to a transaction that was aborted. */
export function abortedBatches(transactions: readonly AbortedTransaction[]): (batch: RecordsBatch) => boolean {
    const waiting = [...transactions].sort((one, other) => Number(one.firstOffset - other.firstOffset));
    const open = new Set<bigint>();
    return ({firstOffset, lastOffsetDelta, attributes, producerId, records}) => {
        while (waiting[0] !== undefined && waiting[0].firstOffset <= firstOffset + BigInt(lastOffsetDelta))
            open.add((waiting.shift() as AbortedTransaction).producerId);
        if ((attributes & IS_CONTROL) === 0)
            return (attributes & IS_TRANSACTIONAL) !== 0 && open.has(producerId);
        if (isAbort(records))
            open.delete(producerId);
        return false;
    };
}

/** The key of what ends a transaction: its version, then 0 where it was aborted. Compaction may have taken it. */
const isAbort = ([end]: RecordsBatch['records']): boolean => (end?.key?.length ?? 0) >= 4 && end?.key?.readInt16BE(2) === 0;
