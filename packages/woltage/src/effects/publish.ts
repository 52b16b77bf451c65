import {requireContext} from '../context/index.ts';
import {ConfigError} from '../errors/index.ts';
import {toPlainMessage, type PlainMessage} from '../ports/index.ts';
import {DurableSideEffect, type EffectRun} from './durable-side-effect.ts';
import {requireEffects} from './run-effect.ts';

/** What waits in the task queue: bytes, which are no JSON, as base64. */
type WaitingMessage = Omit<PlainMessage, 'value'> & {readonly topic: string; readonly value?: unknown; readonly bytes?: string};

export const PUBLISH_EFFECT = 'woltage.publish';

/** It is tried for about a week: a broker may be away for long. */
const RETRY = {maxAttempts: 10_000, maxBackoffMs: 60_000};

const noBroker = (): ConfigError => new ConfigError('publish() needs a `messageBroker` in the config.', {code: 'BROKER_MISSING'});

/** The durable side effect behind {@link publish}. */
export const publishEffect = (): DurableSideEffect =>
    DurableSideEffect.find(PUBLISH_EFFECT) ?? new DurableSideEffect(run as (payload: unknown, run: EffectRun) => unknown, {name: PUBLISH_EFFECT, durable: true, retry: RETRY});

async function run({topic, bytes, ...message}: WaitingMessage, {idempotencyKey, signal}: EffectRun): Promise<void> {
    const {runtime} = requireContext('publish');
    if (runtime.publish === undefined)
        throw noBroker();
    await runtime.publish(topic, {...message, value: bytes === undefined ? message.value : fromBase64(bytes)}, idempotencyKey, signal);
}

/**
 * Publishes a message from a projector, or from inside a side effect: a durable side effect itself, which is written down with the event's rows and runs afterwards, with retries, until the broker has it; never in a
 * replay. Messages are not in each other's order: where that matters, let `publications` of the config publish the events. Each carries a header `woltage-id`, which is the same when it is published again.
 *
 * @param message Its value is sent as JSON, unless it is text or bytes; null deletes its key in a compacted topic
 * @example
 * await publish('mails', {key: userId, value: {template: 'welcome', email}});
 * @throws BadRequestError `INVALID_MESSAGE` (in the promise) for what can't be sent
 * @throws ConfigError `BROKER_MISSING` (in the promise) without `messageBroker` in the config
 * @throws ContextError (in the promise) when called outside of a projector
 */
export async function publish(topic: string, message: PlainMessage): Promise<void> {
    const {effects, runtime} = requireEffects('publish');
    if (runtime.publish === undefined)
        throw noBroker();
    const payload = waiting(topic, message);
    const effect = publishEffect();
    runtime.learnEffect(effect);
    effects.defer(effect, payload);
}

function waiting(topic: string, {value, ...message}: PlainMessage): WaitingMessage {
    const {value: sent} = toPlainMessage(topic, {...message, value});
    return {topic, ...message, ...sent instanceof Uint8Array ? {bytes: toBase64(sent)} : {value}};
}

const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), char => char.charCodeAt(0));
