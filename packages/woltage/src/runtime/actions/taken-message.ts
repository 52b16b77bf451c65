import type {Action, MessageTrigger} from '../../actions/index.ts';
import {BadRequestError, UnavailableError} from '../../errors/index.ts';
import type {RecordedMessage} from '../../ports/index.ts';
import {encodeValue} from '../../shared/json-codec.ts';
import {errorType} from '../../shared/telemetry.ts';
import {deriveUuid} from '../../shared/uuid.ts';
import {validate} from '../../shared/validate.ts';
import type {NewTask} from '../../tasks/index.ts';
import {letterTask, type Poison} from './message-letters.ts';
import {RUN, type RunSource} from './run-source.ts';
import {validInput} from './trigger-input.ts';

/** A message that has become a task: a run of the action, or a letter to the dead-letter topic. */
export interface TakenMessage {
    readonly task: NewTask;
    readonly poison: Poison | undefined;
}

/**
 * What becomes of a message. The task's id says which message it is, so that it is queued once.
 *
 * @param epoch How often the offsets of its partition have begun again
 * @throws UnavailableError of a schema that asks somebody who is away: the message is tried again then
 */
export async function takeMessage(action: Action, trigger: MessageTrigger, message: RecordedMessage, epoch: number): Promise<TakenMessage> {
    const {topic, partition, offset, key, headers, timestamp} = message;
    const id = await deriveUuid(action.name, `message/${topic}/${partition}/${offset}${epoch === 0 ? '' : `/${epoch}`}`);
    try {
        const value = await valueOf(action, trigger, message);
        const source: RunSource = {by: 'message', message: {topic, partition, offset, key, value, headers, timestamp}};
        return {task: {id, kind: RUN, payload: encodeValue(source)}, poison: undefined};
    } catch (error) {
        if (error instanceof UnavailableError)
            throw error;
        const poison = {code: errorType(error), message: error instanceof Error ? error.message : String(error)};
        return {task: letterTask(id, action.name, trigger.deadLetterTopic, message, poison), poison};
    }
}

/** What the trigger's schema makes of it; the action's own is only asked whether it would take that. */
async function valueOf(action: Action, {schema, topic}: MessageTrigger, message: RecordedMessage): Promise<unknown> {
    const parsed = parse(message);
    const value = schema === undefined ? parsed : await validate(schema, parsed, () => `The message of topic '${topic}'`);
    await validInput(action, value);
    return value;
}

function parse({value}: RecordedMessage): unknown {
    // A tombstone of a compacted topic.
    if (value === null)
        return null;
    let text: string;
    try {
        text = new TextDecoder('utf-8', {fatal: true}).decode(value);
    } catch (error) {
        throw new BadRequestError('The value is not UTF-8.', {code: 'MESSAGE_NOT_UTF8', cause: error});
    }
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new BadRequestError(`The value is no JSON: ${(error as Error).message}`, {code: 'MESSAGE_NOT_JSON', cause: error});
    }
}

