import {isWoltageError} from '../../errors/index.ts';
import type {IMessageBroker, RecordedMessage, TopicMessage} from '../../ports/index.ts';
import type {Logger} from '../../shared/logger.ts';
import {measuring} from '../../shared/telemetry.ts';
import type {NewTask, RetryPolicy, Task} from '../../tasks/index.ts';

/** A kind of task in an action's queue: a message that the action can't handle, to be published to a dead-letter topic. */
export const LETTER = 'dead-letter';

/** Why a message can't be handled, however often it is tried. */
export interface Poison {
    readonly code: string;
    readonly message: string;
}

interface Letter {
    readonly action: string;
    readonly topic: string;
    readonly key: string | null;
    /** In base64. */
    readonly value: string | null;
    readonly headers: Readonly<Record<string, string>>;
}

/** Without end: nothing is lost while the broker is away. */
const POLICY: RetryPolicy = {maxAttempts: Infinity, backoffMs: 500, maxBackoffMs: 60_000, timeoutMs: 60_000};
const MAX_REASON = 2000;
/** What is left of a value that is too large with the headers that say what is wrong with it. */
const CUT_BYTES = 64 << 10;

const toHeader = (text: string): string => text.slice(0, MAX_REASON).replace(/\p{Surrogate}/gu, '\ufffd');

/** The task that publishes a message to the dead letters as it came, with the reason in its headers. */
export function letterTask(id: string, action: string, topic: string, message: RecordedMessage, {code, message: reason}: Poison): NewTask {
    const {key, value, headers} = message;
    const letter = {
        action, topic, key, value: value === null ? null : Buffer.from(value).toString('base64'),
        headers: {
            ...headers,
            'woltage-error-code': code, 'woltage-error-message': toHeader(reason), 'woltage-action': action, 'woltage-topic': message.topic,
            'woltage-partition': String(message.partition), 'woltage-offset': String(message.offset)
        }
    } satisfies Letter;
    return {id, kind: LETTER, payload: letter};
}

/** Publishes letters. */
export class LetterWork {
    readonly policy = POLICY;
    readonly #broker: IMessageBroker;
    readonly #log: Logger;

    constructor(broker: IMessageBroker, log: Logger) {
        this.#broker = broker;
        this.#log = log;
    }

    async run({id, payload}: Task): Promise<void> {
        const {action, topic, key, value, headers} = payload as unknown as Letter;
        const message = {topic, key, value: value === null ? null : Buffer.from(value, 'base64'), headers};
        if (!await this.#send(message)) {
            const cut = {...message, value: message.value?.subarray(0, CUT_BYTES) ?? null, headers: {...headers, 'woltage-truncated': 'true'}};
            if (!await this.#send(cut))
                this.#log.error({task: id, action, topic, headers}, 'A message that could not be handled was refused by the broker as a dead letter as well: it is given up');
        }
        measuring()?.deadLetters.add(1, {'woltage.action': action});
    }

    /** @returns False when no broker takes it */
    async #send(message: TopicMessage): Promise<boolean> {
        try {
            await this.#broker.publish([message]);
            return true;
        } catch (error) {
            if (isWoltageError(error) && error.code === 'INVALID_MESSAGE')
                return false;
            throw error;
        }
    }
}
