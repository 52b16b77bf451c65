import {cloudEventPosition, fromCloudEvent, toCloudEvent, type RecordedEvent, type RecordedMessage, type TopicMessage} from 'woltage';

/** Says that everything up to its position has been published; the message is nothing else. */
const MARK = 'woltage-mark';
/** How many partitions the publisher divides the events among. */
const PARTITIONS = 'woltage-partitions';
const DIGITS = /^\d{1,30}$/;

/** What a message of the bus says. */
export interface BusMessage {
    /** Everything up to here that belongs in this partition stands at or before this message. */
    readonly position: bigint;
    readonly partitions: number;
    /** What kind of event it is; `undefined` for marks. */
    readonly type: string | undefined;
    /** @throws BadRequestError `INVALID_CLOUD_EVENT` */
    readonly event: () => RecordedEvent;
}

/** What decides an event's partition: a stream stays in one. */
export const keyOf = ({aggregateName, aggregateId}: Pick<RecordedEvent, 'aggregateName' | 'aggregateId'>): string => `${aggregateName}/${aggregateId}`;

export function toEventMessage(topic: string, event: RecordedEvent, partition: number, partitions: number): TopicMessage {
    const message = toCloudEvent(topic, event);
    return {...message, key: keyOf(event), partition, headers: {...message.headers, [PARTITIONS]: String(partitions)}};
}

export const toMark = (topic: string, position: bigint, partition: number, partitions: number): TopicMessage =>
    ({topic, partition, value: '', headers: {[MARK]: String(position), [PARTITIONS]: String(partitions)}});

/** `undefined` for what others have put there. */
export function readBusMessage(message: RecordedMessage): BusMessage | undefined {
    const {headers} = message;
    const mark = Object.hasOwn(headers, MARK) ? headers[MARK] ?? '' : '';
    const position = DIGITS.test(mark) ? BigInt(mark) : cloudEventPosition(message);
    if (position === undefined)
        return undefined;
    return {position, partitions: Number(headers[PARTITIONS] ?? 0) || 0, type: mark === '' ? headers['ce_type'] : undefined, event: () => fromCloudEvent(message)};
}
