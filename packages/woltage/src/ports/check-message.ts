import {BadRequestError, UnavailableError} from '../errors/index.ts';
import type {OutgoingMessage, TopicMessage} from './message-broker.ts';

/** What every broker takes: Kafka's rule is the narrowest. */
const TOPIC = /^(?!\.{1,2}$)[\w.-]{1,249}$/;

/** UTF-8 has no form for it; encoders put another character in its place without a word. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const isText = (value: unknown): boolean => typeof value === 'string' && !LONE_SURROGATE.test(value);

export const isTopicName = (value: unknown): value is string => typeof value === 'string' && TOPIC.test(value);

/** @throws BadRequestError `INVALID_MESSAGE` */
export function checkTopicName(topic: unknown): asserts topic is string {
    if (!isTopicName(topic))
        throw invalidMessage(`${typeof topic === 'string' ? `'${topic.slice(0, 300)}'` : `A ${typeof topic}`} is no topic: it takes 1 to 249 letters, digits, dots, - and _.`);
}

/**
 * Checks a message before it goes to a broker: what brokers would refuse, or would quietly turn into something else.
 *
 * @throws BadRequestError `INVALID_MESSAGE`
 */
export function checkMessage(message: TopicMessage): void {
    checkTopicName(message.topic);
    const {value} = message;
    if (typeof value !== 'string' && value !== null && !(value instanceof Uint8Array))
        throw invalidMessage(`A message for '${message.topic}': its value must be text, bytes or null.`);
    const problem = typeof value === 'string' && LONE_SURROGATE.test(value) ? 'its value is no text that UTF-8 can hold.' : messageProblem(message);
    if (problem !== undefined)
        throw invalidMessage(`A message for '${message.topic}': ${problem}`);
}

/** What is wrong with a message beside its value. */
export function messageProblem({key, headers, partition}: Omit<OutgoingMessage, 'value'>): string | undefined {
    if (key !== undefined && key !== null && !isText(key))
        return 'its key must be text.';
    if (partition !== undefined && !(Number.isSafeInteger(partition) && partition >= 0))
        return 'its partition must be a whole number from 0.';
    if (headers === undefined)
        return undefined;
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
        return 'its headers must be an object of texts.';
    const wrong = Object.entries(headers).find(([name, text]) => name === '' || !isText(name) || !isText(text));
    return wrong && `its header '${wrong[0]}' must be text, and have a name.`;
}

export const invalidMessage = (message: string, cause?: unknown): BadRequestError => new BadRequestError(message, {code: 'INVALID_MESSAGE', cause});

/** What `publish` rejects with when its signal aborts. */
export const publishAborted = (cause?: unknown): UnavailableError =>
    new UnavailableError('A message was not published: its time was up, or whoever published it has ended.', {code: 'PUBLISH_ABORTED', cause});
