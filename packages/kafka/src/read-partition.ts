import type {RecordedMessage, TopicPartition} from 'woltage';
import {DriverError, type IKafkaReader} from './driver/kafka-driver.ts';

const MAX_WAIT_MS = 500;
const MAX_BYTES = 1_048_576;
/** A broker that is over its quota answers with nothing, and so does one that has compacted everything away: after so many such answers in a row it is taken for that. */
const MAX_EMPTY = 4;

/** The messages from one offset up to, but not including, another. */
export async function* scan(reader: IKafkaReader, place: TopicPartition, from: bigint, to: bigint, maxBytes = MAX_BYTES): AsyncGenerator<readonly RecordedMessage[]> {
    let empty = 0;
    for (let offset = from; offset < to;) {
        const [fetched] = await reader.fetch([{...place, offset}], {maxWaitMs: MAX_WAIT_MS, maxBytes});
        if (fetched === undefined || fetched.problem !== undefined)
            throw new DriverError('later', `${place.topic}/${place.partition} can't be read: ${fetched?.problem?.error.message ?? 'no answer'}`, fetched?.problem?.error);
        yield fetched.messages.filter(message => message.offset < to);
        empty = fetched.nextOffset === offset ? empty + 1 : 0;
        if (empty === MAX_EMPTY)
            return;
        offset = fetched.nextOffset;
    }
}

/** Where a partition begins and ends. */
export async function boundsOf(reader: IKafkaReader, place: TopicPartition): Promise<{readonly start: bigint; readonly end: bigint}> {
    const [[start], [end]] = await Promise.all([reader.offsets([place], 'start'), reader.offsets([place], 'end')]) as [[bigint], [bigint]];
    return {start, end};
}

/** The last message of a partition; there may be none, or what isn't a message behind it (ends of transactions, what was compacted). */
export async function readLast(reader: IKafkaReader, place: TopicPartition): Promise<RecordedMessage | undefined> {
    const {start, end} = await boundsOf(reader, place);
    for (let step = 1n; ; step *= 10n) {
        const from = end - step > start ? end - step : start;
        let last: RecordedMessage | undefined;
        for await (const messages of scan(reader, place, from, end))
            last = messages.at(-1) ?? last;
        if (last !== undefined || from === start)
            return last;
    }
}
