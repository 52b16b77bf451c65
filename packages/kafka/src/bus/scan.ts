import {UnavailableError, type RecordedEvent, type RecordedMessage, type TopicPartition} from 'woltage';
import type {IKafkaReader} from '../driver/kafka-driver.ts';
import {boundsOf, scan} from '../read-partition.ts';
import {readBusMessage} from './bus-message.ts';

const PROBE_BYTES = 65_536;
/** How far back the end of a partition is looked at, in offsets. */
const TAIL = 1000n;
/**
 * A publisher that has lost its place to another one still sends what it had under way: one batch, see `bus-publisher.ts`. Where so many messages in a row hold nothing beyond a position, the last of
 * such batches has been passed.
 */
const CERTAIN = 10_000n;

/** The greatest position that the last messages before an offset tell of: everything up to it stands before the offset. `undefined` where nothing does. */
export async function lastPosition(reader: IKafkaReader, place: TopicPartition, before?: bigint): Promise<bigint | undefined> {
    return (await lastOf(reader, place, readBusMessage, before))?.position;
}

/** The event with the greatest position among the last ones of a partition, however many marks stand behind them; `undefined` where there is none. */
export const lastEvent = (reader: IKafkaReader, place: TopicPartition): Promise<RecordedEvent | undefined> => lastOf(reader, place, eventOf);

/** What has the greatest position in the last stretch of a partition that has anything to read. */
async function lastOf<R extends {readonly position: bigint}>(reader: IKafkaReader, place: TopicPartition, read: (message: RecordedMessage) => R | undefined, before?: bigint): Promise<R | undefined> {
    const {start, end} = await boundsOf(reader, place);
    // A topic that was made anew may end before what was noted of the old one.
    for (let to = before === undefined || before > end ? end : before; to > start;) {
        const from = to - TAIL > start ? to - TAIL : start;
        let greatest: R | undefined;
        for await (const messages of scan(reader, place, from, to)) {
            for (const found of messages.flatMap(message => read(message) ?? [])) {
                if (greatest === undefined || found.position > greatest.position)
                    greatest = found;
            }
        }
        if (greatest !== undefined)
            return greatest;
        to = from;
    }
    return undefined;
}

/** `undefined` for marks, and for what others have put there. */
function eventOf(message: RecordedMessage): RecordedEvent | undefined {
    try {
        const read = readBusMessage(message);
        return read?.type === undefined ? undefined : read.event();
    } catch {
        return undefined;
    }
}

/**
 * The first offset with something beyond a position.
 *
 * Positions increase along a partition, but for what a second publisher has repeated: there, what is searched for by halving may be a later place than the first. So the messages before it are looked
 * through until nothing beyond the position has come for long enough.
 *
 * @throws UnavailableError `EVENTS_DELETED` where the topic doesn't reach back so far
 */
export async function findOffset(reader: IKafkaReader, place: TopicPartition, after: bigint): Promise<bigint> {
    const {start, end} = await boundsOf(reader, place);
    let found = await halve(reader, place, after, start, end);
    for (let clean = false; !clean && found > start;) {
        const from = found - CERTAIN > start ? found - CERTAIN : start;
        clean = true;
        for await (const messages of scan(reader, place, from, found)) {
            const earlier = messages.find(message => (readBusMessage(message)?.position ?? -1n) > after);
            if (earlier !== undefined) {
                found = earlier.offset;
                clean = false;
                break;
            }
        }
    }
    if (found === start && start > 0n)
        throw eventsDeleted(place, after);
    return found;
}

export const eventsDeleted = ({topic, partition}: TopicPartition, after: bigint): UnavailableError => new UnavailableError(
    `The topic '${topic}' doesn't reach back to position ${after} any more: Kafka has deleted messages of partition ${partition}. Give the topic a longer retention, and build what is behind anew.`,
    {code: 'EVENTS_DELETED', details: {topic, partition, after: String(after)}}
);

async function halve(reader: IKafkaReader, place: TopicPartition, after: bigint, start: bigint, end: bigint): Promise<bigint> {
    let low = start;
    let high = end;
    while (low < high) {
        const middle = (low + high) / 2n;
        const found = await firstAt(reader, place, middle, high);
        if (found === undefined || found.position > after)
            high = middle;
        else
            low = found.offset + 1n;
    }
    return low;
}

async function firstAt(reader: IKafkaReader, place: TopicPartition, from: bigint, to: bigint): Promise<{readonly offset: bigint; readonly position: bigint} | undefined> {
    for await (const messages of scan(reader, place, from, to, PROBE_BYTES)) {
        for (const message of messages) {
            const position = readBusMessage(message)?.position;
            if (position !== undefined)
                return {offset: message.offset, position};
        }
    }
    return undefined;
}
