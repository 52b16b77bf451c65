import {toPlainMessage, type PlainMessage, type TopicMessage} from '../../ports/index.ts';

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
