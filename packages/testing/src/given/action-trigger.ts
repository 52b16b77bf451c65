import {Event, type Action, type ActionRequest, type Trigger} from 'woltage';
import {print, printEvent, toPrintable} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';

/** A message that triggers an action. */
export interface MessageTriggering {
    /** As the handler's input: parsed. It is checked against the trigger's schema. */
    readonly message: unknown;
    /** @default the one that the action listens to */
    readonly topic?: string | undefined;
    readonly key?: string | null | undefined;
    readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A time that triggers an action. */
export interface TimeTriggering {
    readonly scheduledFor: Date;
}

/** A call, as a request or `executeAction` makes it. */
export interface CallTriggering extends Partial<Omit<ActionRequest, 'method' | 'path'>> {
    /** What is sent, with the path's parameters. */
    readonly input: unknown;
}

/** What triggers an action: an event, or something else. */
export type ActionTrigger = Event | MessageTriggering | TimeTriggering | CallTriggering;

const isMessage = (trigger: ActionTrigger): trigger is MessageTriggering => 'message' in trigger;
const isTime = (trigger: ActionTrigger): trigger is TimeTriggering => 'scheduledFor' in trigger;

/** What triggers, in one of four forms. */
export type Triggering =
    | {readonly by: 'event'; readonly event: Event}
    | ({readonly by: 'message'; readonly topic: string} & MessageTriggering)
    | ({readonly by: 'time'} & TimeTriggering)
    | ({readonly by: 'call'} & CallTriggering);

type TriggerOf<Kind extends Trigger['kind']> = Extract<Trigger, {readonly kind: Kind}>;

export const triggersOf = <Kind extends Trigger['kind']>({triggers}: Action, kind: Kind): readonly TriggerOf<Kind>[] =>
    triggers.filter((trigger): trigger is TriggerOf<Kind> => trigger.kind === kind);

/** @throws TestingError `TEST_INVALID` for what doesn't trigger the action */
export function triggeringOf(action: Action, trigger: unknown): Triggering {
    if (typeof trigger !== 'object' || trigger === null)
        throw new TestingError(`when takes an action and what triggers it: an event, {message}, {scheduledFor} or {input}; not ${print(trigger)}.`);
    const wanted = trigger as ActionTrigger;
    if (wanted instanceof Event)
        return ofEvent(action, wanted);
    if (isMessage(wanted))
        return ofMessage(action, wanted);
    if (isTime(wanted))
        return ofTime(action, wanted);
    if (!('input' in wanted))
        throw new TestingError(`when takes an action and what triggers it: an event, {message}, {scheduledFor} or {input}; not ${print(trigger)}.`);
    return {by: 'call', ...wanted};
}

function ofEvent(action: Action, event: Event): Triggering {
    const classes = triggersOf(action, 'event').flatMap(({eventClasses}) => eventClasses);
    if (!classes.some(({type}) => type === event.type))
        throw new TestingError(`Action '${action.name}' isn't triggered by ${event.constructor.name}, but by ${classes.map(({name}) => name).join(', ') || 'no event'}.`);
    return {by: 'event', event};
}

function ofMessage(action: Action, message: MessageTriggering): Triggering {
    const topics = triggersOf(action, 'message').map(({topic}) => topic);
    const {topic = topics.length === 1 ? topics[0] : undefined} = message;
    if (topic === undefined || !topics.includes(topic))
        throw new TestingError(topics.length === 0 ? `Action '${action.name}' isn't triggered by messages.` : `Say which topic the message is of: {message, topic}. Action '${action.name}' listens to ${topics.join(', ')}.`);
    return {by: 'message', ...message, topic};
}

function ofTime(action: Action, {scheduledFor}: TimeTriggering): Triggering {
    if (triggersOf(action, 'schedule').length === 0)
        throw new TestingError(`Action '${action.name}' isn't triggered by times.`);
    if (!(scheduledFor instanceof Date) || Number.isNaN(scheduledFor.getTime()))
        throw new TestingError('`scheduledFor` is a Date.');
    return {by: 'time', scheduledFor};
}

/** In words: `OrderPlaced {item: 'x'}`. */
export function printTriggering(triggering: Triggering): string {
    switch (triggering.by) {
        case 'event':
            return printEvent(toPrintable(triggering.event));
        case 'message':
            return `a message of ${triggering.topic} ${print(triggering.message)}`;
        case 'time':
            return `the time ${triggering.scheduledFor.toISOString()}`;
        case 'call':
            return `a call ${print(triggering.input)}`;
    }
}
