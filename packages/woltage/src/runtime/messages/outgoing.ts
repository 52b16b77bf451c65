import {toPlainMessage, type IMessageBroker, type PlainMessage, type TopicMessage} from '../../ports/index.ts';

/** The header that is the same whenever a message is published again. */
export const MESSAGE_ID = 'woltage-id';

/**
 * The message that a broker gets, with its id as the header `woltage-id`.
 *
 * @throws BadRequestError `INVALID_MESSAGE` for what can't be sent, see {@link toPlainMessage}
 */
export function toTopicMessage(topic: string, publication: PlainMessage, id: string): TopicMessage {
    const message = toPlainMessage(topic, publication);
    return {...message, headers: {...message.headers, [MESSAGE_ID]: id}};
}

/** Publishes with a broker, where there is one. */
export const publisherOf = (broker: IMessageBroker | undefined) =>
    broker && ((topic: string, publication: PlainMessage, id: string, signal: AbortSignal): Promise<void> => publish(broker, topic, publication, id, signal));

/** Async, so that what is wrong with a message is in the promise as well. */
async function publish(broker: IMessageBroker, topic: string, publication: PlainMessage, id: string, signal: AbortSignal): Promise<void> {
    await broker.publish([toTopicMessage(topic, publication, id)], {signal});
}
