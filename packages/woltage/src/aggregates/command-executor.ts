import {BadRequestError, WoltageError} from '../errors/index.ts';
import {Event, placeEvent, type Cause, type EventCatalogue} from '../events/index.ts';
import {STATE_NEW, type IEventStore} from '../ports/index.ts';
import {traced} from '../shared/telemetry.ts';
import {validate} from '../shared/validate.ts';
import type {CommandHandle} from './aggregate.ts';
import type {AggregateLoader} from './aggregate-loader.ts';
import type {CommandResult} from './command.ts';
import {eraseStream, isErasure} from './erase-stream.ts';

/** What a command did. */
export interface CommandOutcome {
    /** Of the aggregate's last event after the command; -1n when it has none. */
    readonly revision: bigint;
    /** Of the last event that the command read or wrote: wait for it to read your own writes. -1n when there is none. */
    readonly position: bigint;
    /** The new events, as recorded. */
    readonly events: readonly Event[];
}

const MAX_ID_LENGTH = 1024;

/** Executes commands: validate, load, decide, append. */
export class CommandExecutor {
    readonly #eventStore: IEventStore;
    readonly #catalogue: EventCatalogue;
    readonly #loader: AggregateLoader;

    constructor(eventStore: IEventStore, catalogue: EventCatalogue, loader: AggregateLoader) {
        this.#eventStore = eventStore;
        this.#catalogue = catalogue;
        this.#loader = loader;
    }

    /**
     * @param run Runs the handler, in the context of the runtime
     * @throws ValidationError when the payload doesn't match the command's schema; nothing was loaded then
     * @throws ConflictError `REVISION_CONFLICT` when another command on the same aggregate was faster
     */
    async execute(
        command: CommandHandle,
        aggregateId: string,
        payload: unknown,
        context: object | undefined,
        cause: Cause | undefined,
        run: (handler: () => CommandResult | Promise<CommandResult>) => CommandResult | Promise<CommandResult>
    ): Promise<CommandOutcome> {
        const {aggregate, name, schema, handler} = command;
        checkAggregateId(aggregateId);
        // Awaited only where there is something to wait for: on a hot path every promise counts.
        const validated = schema === undefined ? payload : validate(schema, payload, () => `Payload of command '${aggregate.name}.${name}'`);
        const valid = validated instanceof Promise ? await validated as unknown : validated;
        const {state, revision, position} = await traced('woltage.load', () => ({'woltage.aggregate': aggregate.name}), () => this.#loader.load(aggregate, aggregateId));
        const deciding = run(() => handler(state as never, valid as never, {...context, aggregateId}));
        const events = toEvents(deciding instanceof Promise ? await deciding : deciding, command);
        if (events.length === 0)
            return {revision, position, events};

        for (const event of events)
            claimEvent(event, aggregateId);
        const isEnd = isErasure(events, `Command '${aggregate.name}.${name}'`);
        const data = events.map(event => this.#catalogue.toData(event, event.id, cause));
        const expected = revision < 0n ? STATE_NEW : revision;
        const {revision: last, position: lastPosition} = await traced('woltage.append',
            () => ({'woltage.aggregate': aggregate.name, 'woltage.events': data.length}), () => isEnd
                ? eraseStream(this.#eventStore, {aggregateName: aggregate.name, aggregateId, data, revision: expected}, () => this.#loader.forget(aggregate, aggregateId))
                : this.#eventStore.append(aggregate.name, aggregateId, data, expected));
        const first = last - BigInt(events.length - 1);
        events.forEach((event, index) => {
            const {correlationId, causationId} = data[index] ?? event;
            // Positions may have gaps, so only the last event's is known for sure.
            placeEvent(event, {
                correlationId, causationId,
                revision: first + BigInt(index),
                position: index === events.length - 1 ? lastPosition : -1n
            });
        });
        return {revision: last, position: lastPosition, events};
    }
}

function checkAggregateId(aggregateId: unknown): void {
    // Half a surrogate pair can't be stored: two ids that differ in it would become one.
    if (typeof aggregateId !== 'string' || aggregateId === '' || aggregateId.length > MAX_ID_LENGTH || /\p{Surrogate}/u.test(aggregateId))
        throw new BadRequestError(`An aggregate id is a string of 1 to ${MAX_ID_LENGTH} characters of well-formed Unicode.`, {code: 'INVALID_AGGREGATE_ID'});
}

function toEvents(result: CommandResult, {aggregate, name}: CommandHandle): readonly Event[] {
    const list: readonly unknown[] = result === undefined || result === null ? [] : Array.isArray(result) ? result as readonly unknown[] : [result];
    if (!list.every(item => item instanceof Event))
        throw new WoltageError(`Command '${aggregate.name}.${name}' must return an event, an array of events, or nothing.`, 500, {code: 'INVALID_COMMAND_RESULT'});
    return list as readonly Event[];
}

function claimEvent(event: Event, aggregateId: string): void {
    if (event.aggregateId === '')
        placeEvent(event, {aggregateId});
    else if (event.aggregateId !== aggregateId)
        throw new WoltageError(`A command of aggregate '${aggregateId}' returned an event of aggregate '${event.aggregateId}'. `
            + 'A command changes its own aggregate only.', 500, {code: 'FOREIGN_EVENT'});
}
