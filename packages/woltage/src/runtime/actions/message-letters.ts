import {isWoltageError} from '../../errors/index.ts';
import type {IMessageBroker, RecordedMessage, TopicMessage} from '../../ports/index.ts';
import {decodeValue, encodeValue} from '../../shared/json-codec.ts';
import type {Logger} from '../../shared/logger.ts';
import {measuring} from '../../shared/telemetry.ts';
import type {NewTask, RetryPolicy, Task, TaskRun} from '../../tasks/index.ts';
import type {KeptMessage} from './run-source.ts';

/** A kind of task in an action's queue: a message that the action can't handle, to be published to a dead-letter topic. */
export const LETTER = 'dead-letter';

/** Why a message can't be handled, however often it is tried. */
export interface Poison {
    readonly code: string;
    readonly message: string;
}

/** Looks like the source of a run to who lists what has failed. */
interface Letter {
    readonly by: 'message';
    readonly action: string;
    /** The dead-letter topic. */
    readonly topic: string;
    /** As it came, its value in base64. */
    readonly message: KeptMessage & {readonly value: string | null};
    /** Headers that say what is wrong. */
    readonly reason: Readonly<Record<string, string>>;
}

/** Without end: nothing is lost while the broker is away, and nothing waits for it. */
const POLICY: RetryPolicy = {maxAttempts: Infinity, backoffMs: 500, maxBackoffMs: 60_000, timeoutMs: 60_000};
/** Where all that comes after it waits: about a minute. */
const ORDERED_POLICY: RetryPolicy = {maxAttempts: 7, backoffMs: 500, maxBackoffMs: 16_000, timeoutMs: 10_000};
const MAX_REASON = 2000;
/** What is left of a value that is too large with the headers that say what is wrong with it. */
const CUT_BYTES = 64 << 10;
const TRUNCATED = {'woltage-truncated': 'true'};

/** How much of headers that no broker takes is kept in one, in characters. */
const MAX_HEADERS = 8 << 10;

const inOneHeader = (headers: Readonly<Record<string, string>>): string => Buffer.from(JSON.stringify(headers)).toString('base64').slice(0, MAX_HEADERS);

const toHeader = (text: string): string => text.slice(0, MAX_REASON).replace(/\p{Surrogate}/gu, '\ufffd');

/** The task that publishes a message to the dead letters as it came, with the reason in its headers. */
export function letterTask(id: string, action: string, topic: string, message: RecordedMessage, {code, message: reason}: Poison): NewTask {
    const {value} = message;
    const letter = {
        by: 'message', action, topic, message: {...message, value: value === null ? null : Buffer.from(value).toString('base64')},
        reason: {
            'woltage-error-code': code, 'woltage-error-message': toHeader(reason), 'woltage-action': action, 'woltage-topic': message.topic,
            'woltage-partition': String(message.partition), 'woltage-offset': String(message.offset)
        }
    } satisfies Letter;
    return {id, kind: LETTER, payload: encodeValue(letter)};
}

/** Publishes letters. Those of ordered actions fail for good after about a minute, so that a dead-letter topic that can't be written holds nothing up. */
export class LetterWork {
    readonly policy: RetryPolicy;
    readonly #broker: IMessageBroker;
    readonly #log: Logger;

    constructor(broker: IMessageBroker, log: Logger, isOrdered: boolean) {
        this.policy = isOrdered ? ORDERED_POLICY : POLICY;
        this.#broker = broker;
        this.#log = log;
    }

    async run({id, payload}: Task, {signal}: Pick<TaskRun, 'signal'>): Promise<void> {
        const {action, topic, message: {key, value, headers: original}, reason} = decodeValue(payload) as Letter;
        const bytes = value === null ? null : Buffer.from(value, 'base64');
        const headers = {...original, ...reason};
        const inOne = {...reason, 'woltage-headers': inOneHeader(original)};
        const whole = {topic, key, value: bytes, headers};
        const cut = {value: bytes?.subarray(0, CUT_BYTES) ?? null};
        const forms = [whole, {...whole, ...cut, headers: {...headers, ...TRUNCATED}}, {...whole, headers: inOne}, {...whole, ...cut, headers: {...inOne, ...TRUNCATED}}];
        if (!await this.#sendOne(forms, signal))
            this.#log.error({task: id, action, topic, headers}, 'A message that could not be handled was refused by the broker as a dead letter as well: it is given up');
        measuring()?.deadLetters.add(1, {'woltage.action': action});
    }

    /**
     * Sends the first form that the broker takes. What an attempt no longer waits for is not sent later, beside what the next one sends.
     *
     * @returns False when no broker takes any
     */
    async #sendOne(forms: readonly TopicMessage[], signal: AbortSignal): Promise<boolean> {
        for (const message of forms) {
            try {
                await this.#broker.publish([message], {signal});
                return true;
            } catch (error) {
                if (!isWoltageError(error) || error.code !== 'INVALID_MESSAGE')
                    throw error;
            }
        }
        return false;
    }
}
