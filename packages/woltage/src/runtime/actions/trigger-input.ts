import type {Action, ActionMessage, ActionRequest} from '../../actions/index.ts';
import {GoneError} from '../../errors/index.ts';
import type {Cause, Event, RecordedEvent} from '../../events/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import {validate} from '../../shared/validate.ts';
import type {CompiledAction} from './compiled-action.ts';
import type {RunParts} from './run-parts.ts';
import type {EventPlace, KeptMessage, RunSource} from './run-source.ts';

/** What a handler gets of its trigger. */
export interface Triggered {
    /** Not validated yet. */
    readonly input: unknown;
    readonly event: Event | undefined;
    readonly message: ActionMessage | undefined;
    readonly request: ActionRequest | undefined;
    readonly cause: Cause;
}

const NONE = {event: undefined, message: undefined, request: undefined};

/** @returns `undefined` where there is nothing left to do: the event was erased; `'strange'` for an event that isn't handled here, but was by the process that has queued it */
export async function triggeredBy(source: RunSource, taskId: string, {events}: CompiledAction, {eventStore, reveal}: Pick<RunParts, 'eventStore' | 'reveal'>): Promise<Triggered | 'strange' | undefined> {
    const own = {id: taskId, correlationId: taskId};
    if (source.by === 'schedule')
        return {...NONE, input: {scheduledFor: new Date(source.scheduledFor)}, cause: own};
    if (source.by === 'call')
        return {...NONE, input: source.input, request: source.request, cause: own};
    if (source.by === 'message')
        return {...NONE, input: source.message.value, message: toActionMessage(source.message), cause: {id: taskId, correlationId: correlationOf(source.message) ?? taskId}};
    const [record] = source.record === undefined ? [await readAt(source.place, eventStore)] : await reveal([source.record]);
    const event = record && (events?.resolve(record)?.event ?? 'strange');
    return typeof event !== 'object' ? event : {...NONE, input: event.payload, event, cause: {id: event.id, correlationId: event.correlationId}};
}

/** @throws ValidationError when it doesn't match the action's own schema */
export const validInput = async ({name, options: {input: schema}}: Action, input: unknown): Promise<unknown> =>
    schema === undefined ? input : validate(schema, input, () => `Input of action '${name}'`);

async function readAt({id, aggregateName, aggregateId, revision}: EventPlace, eventStore: IEventStore): Promise<RecordedEvent | undefined> {
    try {
        for await (const page of eventStore.read(aggregateName, aggregateId, {fromRevision: revision, limit: 1, tombstone: true}))
            return page.find(record => record.id === id);
    } catch (error) {
        if (!(error instanceof GoneError))
            throw error;
    }
    return undefined;
}

const toActionMessage = ({timestamp, ...message}: KeptMessage): ActionMessage => ({...message, timestamp: new Date(timestamp)});

/** What is longer is no correlation id: it would be written with every event that follows. */
const MAX_CORRELATION = 256;

/** As publications write it, or by its plain name; what is empty or too long is none. */
const correlationOf = ({headers}: KeptMessage): string | undefined =>
    [headers['ce_correlationid'], headers['correlationid']].find(id => id !== undefined && id !== '' && id.length <= MAX_CORRELATION);
