import {IS_CONTROL, type KafkaRecord, type RecordsBatch} from '@platformatic/kafka';
import type {RecordedMessage} from 'woltage';
import {abortedBatches, type AbortedTransaction} from './aborted-transactions.ts';

/** Set where the broker gives the time of the append to all messages of a batch. */
const IS_LOG_APPEND_TIME = 1 << 3;

/** The messages of record batches, from an offset on, without those of aborted transactions: batches come whole. */
export function readRecords(topic: string, partition: number, from: bigint, batches: readonly RecordsBatch[], aborted: readonly AbortedTransaction[]): {messages: RecordedMessage[]; nextOffset: bigint} {
    const messages: RecordedMessage[] = [];
    let nextOffset = from;
    const isAborted = abortedBatches(aborted);
    for (const batch of batches) {
        const {firstOffset, lastOffsetDelta, attributes, records} = batch;
        const end = firstOffset + BigInt(lastOffsetDelta) + 1n;
        if (end > nextOffset)
            nextOffset = end;
        // Where transactions end: not for readers.
        if (isAborted(batch) || (attributes & IS_CONTROL) !== 0)
            continue;
        for (const record of records) {
            const offset = firstOffset + BigInt(record.offsetDelta);
            if (offset >= from)
                messages.push({topic, partition, offset, key: textOf(record.key), value: record.value, headers: headersOf(record), timestamp: timeOf(batch, record)});
        }
    }
    return {messages, nextOffset};
}

const textOf = (bytes: Buffer | null): string | null => bytes === null ? null : bytes.toString();

const timeOf = ({attributes, firstTimestamp, maxTimestamp}: RecordsBatch, {timestampDelta}: KafkaRecord): number =>
    Number((attributes & IS_LOG_APPEND_TIME) === 0 ? firstTimestamp + timestampDelta : maxTimestamp);

/** Of several headers with one name the last counts. */
const headersOf = ({headers}: KafkaRecord): Record<string, string> =>
    Object.fromEntries(headers.map(([name, value]) => [textOf(name) ?? '', textOf(value) ?? '']));
