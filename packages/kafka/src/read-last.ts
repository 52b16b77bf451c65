import type {RecordedMessage, TopicPartition} from 'woltage';
import {DriverError, type IKafkaReader} from './driver/kafka-driver.ts';

const MAX_WAIT_MS = 500;
const MAX_BYTES = 1_048_576;
const FIRST_STEP = 1n;

/** The last message of a partition; there may be none, or what isn't a message behind it (ends of transactions, what was compacted). */
export async function readLast(reader: IKafkaReader, place: TopicPartition): Promise<RecordedMessage | undefined> {
    const [[start], [end]] = await Promise.all([reader.offsets([place], 'start'), reader.offsets([place], 'end')]) as [[bigint], [bigint]];
    for (let step = FIRST_STEP; ; step *= 10n) {
        const from = end - step > start ? end - step : start;
        const last = await lastBetween(reader, place, from, end);
        if (last !== undefined || from === start)
            return last;
    }
}

async function lastBetween(reader: IKafkaReader, place: TopicPartition, from: bigint, end: bigint): Promise<RecordedMessage | undefined> {
    let last: RecordedMessage | undefined;
    for (let offset = from; offset < end;) {
        const [fetched] = await reader.fetch([{...place, offset}], {maxWaitMs: MAX_WAIT_MS, maxBytes: MAX_BYTES});
        if (fetched === undefined || fetched.problem !== undefined)
            throw new DriverError('later', `${place.topic}/${place.partition} can't be read: ${fetched?.problem?.error.message ?? 'no answer'}`, fetched?.problem?.error);
        last = fetched.messages.filter(message => message.offset < end).at(-1) ?? last;
        if (fetched.nextOffset === offset)
            break;
        offset = fetched.nextOffset;
    }
    return last;
}
