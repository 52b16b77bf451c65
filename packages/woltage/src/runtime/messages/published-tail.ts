import {cloudEventPosition, toCloudEvent, type IMessageBroker, type TopicMessage} from '../../ports/index.ts';
import type {RecordedEvent} from '../../events/index.ts';
import {partitionOf} from '../../shared/key-partition.ts';

/** A CloudEvents attribute that says which publication a message belongs to. */
const PUBLICATION = 'ce_woltagepublication';

export interface Spread {
    readonly topic: string;
    readonly publicationId: string;
    readonly partitions: number;
}

/** The messages of events: each in the partition of its aggregate, where those of an aggregate stay in order. */
export function messagesOf(events: readonly RecordedEvent[], {topic, publicationId, partitions}: Spread): readonly (TopicMessage & {readonly partition: number})[] {
    return events.map(event => {
        const message = toCloudEvent(topic, event);
        return {...message, partition: partitionOf(event.aggregateId, partitions), headers: {...message.headers, [PUBLICATION]: publicationId}};
    });
}

/**
 * How far a publication has got in each partition, by the last message there: nothing where that is somebody else's, or where the broker can't tell. Messages of one publication stand in the order of their events, so that
 * all before it are there as well.
 *
 * @throws UnavailableError `BROKER_UNAVAILABLE`
 */
export async function publishedTail(broker: IMessageBroker, {topic, publicationId, partitions}: Spread): Promise<ReadonlyMap<number, bigint>> {
    const tail = new Map<number, bigint>();
    await Promise.all(Array.from({length: partitions}, async (_, partition) => {
        const message = await broker.lastMessage?.(topic, partition);
        const position = message?.headers[PUBLICATION] === publicationId ? cloudEventPosition(message) : undefined;
        if (position !== undefined)
            tail.set(partition, position);
    }));
    return tail;
}

/** What isn't there yet. */
export const unpublished = <M extends TopicMessage & {readonly partition: number}>(messages: readonly M[], tail: ReadonlyMap<number, bigint>): readonly M[] =>
    messages.filter(({partition, headers = {}}) => (cloudEventPosition({headers}) ?? 0n) > (tail.get(partition) ?? -1n));
