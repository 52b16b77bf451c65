import {ConfigError} from '../errors/index.ts';
import type {Event, EventClass} from '../events/index.ts';
import {aSchema, oneOf, optional, shapeProblem, type Shape} from '../shared/shapes.ts';
import type {StandardSchema} from '../shared/standard-schema.ts';
import {scheduleProblem} from './schedule-times.ts';
import type {EventTrigger, HttpTrigger, MessageTrigger, MessageValue, ScheduleTrigger, TriggerStart} from './trigger.ts';

export interface OnEventOptions {
    /** Whether events count that were there before the action was first started. @default 'now' */
    readonly from?: TriggerStart | undefined;
}

export interface OnMessageOptions<S extends StandardSchema | undefined> {
    /** What values must match; those that don't go to the dead-letter topic. @default any JSON */
    readonly schema?: S;
    /** Whether messages count that were there before the action was first started. @default 'now' */
    readonly from?: TriggerStart | undefined;
    /** Where messages go that can't be parsed or don't match the schema. @default `<topic>.dead-letters` */
    readonly deadLetterTopic?: string | undefined;
}

export interface OnScheduleOptions {
    /** An IANA name such as `Europe/Berlin`; for cron expressions. @default 'UTC' */
    readonly timeZone?: string | undefined;
    /**
     * What becomes of times that came while no instance was there: `skip` leaves them out (but for one that is less than a minute late), `once` makes one run, for the last of them, `all` makes each,
     * the oldest first, up to 1000. @default 'once'
     */
    readonly missed?: ScheduleTrigger['missed'] | undefined;
}

export interface OnHttpOptions {
    /**
     * `result`: the request waits for the handler and is answered with what it returns; nothing is retried but by the caller. `accepted`: the work is queued, durably, and answered
     * with 202 and its id. @default 'result'
     */
    readonly answer?: HttpTrigger['answer'] | undefined;
}

type EventsOf<Classes extends readonly unknown[]> = Classes[number] extends infer C ? C extends EventClass<infer E> ? E : never : never;

/**
 * Runs an action for each event of one of the classes, in the order of the event store. The action has a checkpoint of its own: what comes while no process is there is
 * handled later, and no projection's replay matters to it.
 *
 * @example
 * Action.create('welcome', {on: onEvent(UserRegistered, {from: 'start'}), handler: ({email}, {services}) => services.mailer.welcome(email)});
 * @throws ConfigError `TRIGGER_INVALID`
 */
export function onEvent<Classes extends readonly [EventClass, ...EventClass[]]>(...args: Classes): EventTrigger<EventsOf<Classes>>;
export function onEvent<Classes extends readonly [EventClass, ...EventClass[]]>(...args: readonly [...Classes, OnEventOptions]): EventTrigger<EventsOf<Classes>>;
export function onEvent(...args: readonly (EventClass | OnEventOptions)[]): EventTrigger {
    const last = args.at(-1);
    const options = typeof last === 'function' || last === undefined ? {} : last;
    const eventClasses = (options === last ? args.slice(0, -1) : args) as readonly EventClass<Event>[];
    if (eventClasses.length === 0 || !eventClasses.every(eventClass => typeof eventClass === 'function' && isText(eventClass.identity)))
        throw invalid('onEvent takes event classes, and then options: onEvent(OrderPlaced, OrderCancelled, {from: \'start\'}).');
    checkOptions('onEvent', options, {from: START});
    return {kind: 'event', eventClasses, from: options.from ?? 'now'};
}

/**
 * Runs an action for each message of a topic; needs the config's `messageBroker`. Each message is taken over once, whatever crashes; what can't be parsed or doesn't match the
 * schema goes to a dead-letter topic, with the reason.
 *
 * @example
 * Action.create('takeInventory', {on: onMessage('inventories', {schema: z.object({productId: z.string(), inventory: z.number()})}), handler: ...});
 * @throws ConfigError `TRIGGER_INVALID`
 */
export function onMessage<S extends StandardSchema | undefined = undefined>(topic: string, options: OnMessageOptions<S> = {}): MessageTrigger<MessageValue<S>> {
    if (typeof topic !== 'string' || topic === '')
        throw invalid('onMessage takes a topic, and then options: onMessage(\'inventories\', {schema}).');
    checkOptions('onMessage', options, {schema: optional(aSchema), from: START, deadLetterTopic: optional([isText, 'a topic'])});
    const {schema, from = 'now', deadLetterTopic = `${topic}.dead-letters`} = options;
    if (deadLetterTopic === topic)
        throw invalid(`onMessage: what can't be handled would come back for ever where '${topic}' is its own 'deadLetterTopic'.`);
    return {kind: 'message', topic, schema: schema as StandardSchema<unknown, MessageValue<S>> | undefined, from, deadLetterTopic};
}

/**
 * Runs an action at certain times: a cron expression of five fields (or six, with seconds), or every so many ms from its first start on. Each time makes one run among all instances. A schedule that is
 * changed begins anew.
 *
 * On days when clocks are changed, an expression that names one time of the day runs once: right after the gap where its time is left out, and at the first of two times. All others go by what the clock
 * shows.
 *
 * @example
 * Action.create('dailyReport', {on: onSchedule('0 6 * * *', {timeZone: 'Europe/Berlin'}), handler: ({scheduledFor}) => ...});
 * @throws ConfigError `TRIGGER_INVALID`
 */
export function onSchedule(every: string | {readonly everyMs: number}, options: OnScheduleOptions = {}): ScheduleTrigger {
    const interval = typeof every === 'string' ? every : (every as {readonly everyMs: unknown} | undefined)?.everyMs;
    if (typeof interval === 'number' ? !isInterval(interval) : !isText(interval))
        throw invalid('onSchedule takes a cron expression or {everyMs: 60_000}.');
    if (typeof every !== 'string')
        checkOptions('onSchedule', every, {everyMs: [isInterval, 'a number of ms']});
    checkOptions('onSchedule', options, {timeZone: optional([isText, 'an IANA name such as Europe/Berlin']), missed: optional(oneOf('skip', 'once', 'all'))});
    const {timeZone = 'UTC', missed = 'once'} = options;
    const problem = scheduleProblem(interval as string | number, timeZone);
    if (problem !== undefined)
        throw invalid(`onSchedule: ${problem}.`);
    return {kind: 'schedule', every: interval as string | number, timeZone, missed};
}

const METHODS: ReadonlySet<string> = new Set<HttpTrigger['method']>(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** Segments of plain characters or `:parameters`; clients take `.` and `..` out of a path. */
const PATH = /^(?:\/(?::[A-Za-z_]\w*|(?!\.\.?(?:\/|$))[\w\-.~]+))+$/;

/**
 * Runs an action for requests, mounted by `@woltage/express`. The input is the body, or the query of GET and DELETE, with the path's parameters.
 *
 * @example
 * Action.create('uploadFromUrl', {on: onHttp('POST', '/documents/upload-from-url'), input: z.object({url: z.url()}), handler: ...});
 * @throws ConfigError `TRIGGER_INVALID`
 */
export function onHttp(method: HttpTrigger['method'], path: string, options: OnHttpOptions = {}): HttpTrigger {
    if (!METHODS.has(method) || typeof path !== 'string' || !PATH.test(path))
        throw invalid(`onHttp takes a method (${[...METHODS].join(', ')}) and a path such as '/documents/:id/analysis'.`);
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string);
    if (new Set(names).size < names.length || names.includes('__proto__'))
        throw invalid(`onHttp: the parameters of ${path} need names of their own.`);
    checkOptions('onHttp', options, {answer: optional(oneOf('result', 'accepted'))});
    return {kind: 'http', method, path, answer: options.answer ?? 'result'};
}

const invalid = (message: string): ConfigError => new ConfigError(message, {code: 'TRIGGER_INVALID'});
const isInterval = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 1;
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const START = optional(oneOf('start', 'now'));

function checkOptions(what: string, options: unknown, shapes: Readonly<Record<string, Shape>>): void {
    const problem = typeof options === 'object' && options !== null ? shapeProblem(options, shapes) : `its options must be an object of ${Object.keys(shapes).join(', ')}.`;
    if (problem !== undefined)
        throw invalid(`${what}: ${problem}`);
}
