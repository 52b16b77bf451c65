import type {Action} from '../actions/index.ts';
import type {Aggregate} from '../aggregates/index.ts';
import type {Event, EventCatalogue} from '../events/index.ts';
import type {IEventStore, IStore} from '../ports/index.ts';
import type {Projection, ProjectionService, ProjectorClass} from '../projections/index.ts';
import {systemClock, type Clock} from '../shared/clock.ts';
import type {Task} from '../tasks/index.ts';
import type {ActionRunner} from './actions/action-runner.ts';
import type {Actions} from './actions/actions.ts';
import {RUN, type RunSource} from './actions/run-source.ts';
import type {Definitions} from './definitions.ts';
import type {DurableEffects} from './durable-effects.ts';
import type {InFlight} from './in-flight.ts';
import type {Publications} from './messages/publications.ts';
import {nameOfOrder} from './scheduled/command-order.ts';
import {keptOf} from './scheduled/scheduled-command.ts';
import type {ScheduledCommands} from './scheduled/scheduled-commands.ts';

/** An event and the name of its aggregate, which the event itself doesn't know. */
export interface PlacedEvent {
    readonly aggregateName: string;
    readonly event: Event;
}

/** What may trigger an action beside events and calls. */
export type ActionTriggering = Extract<RunSource, {readonly by: 'message' | 'schedule'}>;

/** Something that a runtime still has to do. */
export interface WorkLeft {
    /** For people. */
    readonly what: string;
    /** Set where it won't go on by itself. */
    readonly error?: Error | undefined;
    /** Whether it is being worked on. */
    readonly isRunning?: boolean;
    /** Set where it isn't to be done yet: when, in ms since the Unix epoch. */
    readonly dueAt?: number;
}

interface InsidesOptions {
    readonly definitions: Definitions;
    readonly catalogue: EventCatalogue;
    readonly eventStore: IEventStore;
    readonly service: ProjectionService;
    readonly effects: DurableEffects;
    readonly scheduled: ScheduledCommands;
    readonly actions: Actions;
    readonly publications: Publications;
    readonly inFlight: InFlight;
    readonly clock: Clock | undefined;
}

/** What `@woltage/testing` sees of a runtime. No promise to anybody else. */
export class Insides {
    readonly #options: InsidesOptions;

    constructor(options: InsidesOptions) {
        this.#options = options;
    }

    get aggregates(): ReadonlyMap<string, Aggregate> {
        return this.#options.definitions.aggregates;
    }

    get actions(): ReadonlyMap<string, Action> {
        return new Map(Array.from(this.#options.definitions.actions, ([name, {action}]) => [name, action]));
    }

    /** The time that the runtime goes by, in ms since the Unix epoch. */
    now(): number {
        return (this.#options.clock ?? systemClock).now();
    }

    /** By `name@version`. */
    get projectors(): ReadonlyMap<string, ProjectorClass> {
        return this.#options.definitions.projectors;
    }

    /** Appends events as facts, whatever their aggregates think of them. */
    async record(events: readonly PlacedEvent[]): Promise<void> {
        const {catalogue, eventStore} = this.#options;
        const data = events.map(({event}) => catalogue.toData(event));
        for (const [index, {aggregateName, event}] of events.entries())
            await eventStore.append(aggregateName, event.aggregateId, data.slice(index, index + 1));
    }

    /** The events after a position, in their order. */
    async events(after?: bigint): Promise<readonly PlacedEvent[]> {
        const {catalogue, eventStore} = this.#options;
        const found: PlacedEvent[] = [];
        for await (const {events, caughtUp} of eventStore.subscribe({after})) {
            found.push(...events.map(record => ({aggregateName: record.aggregateName, event: catalogue.toEvent(record)})));
            if (caughtUp)
                break;
        }
        return found;
    }

    /** The tables of a projection. */
    store(name: string, version: number): IStore | undefined {
        return this.#options.service.set.get(`${name}@${version}`)?.parts?.store;
    }

    /**
     * Has a message or a time trigger an action, as if it had come from a topic or a schedule.
     *
     * @throws NotFoundError `UNKNOWN_ACTION`
     */
    async triggerAction(action: string, triggering: ActionTriggering): Promise<void> {
        const {actions, clock = systemClock} = this.#options;
        await actions.trigger(action, clock.newId(), triggering);
    }

    /** What is left to do, now or later. */
    async workLeft(): Promise<readonly WorkLeft[]> {
        const {actions, effects, eventStore, inFlight, publications, scheduled, service, clock = systemClock} = this.#options;
        const commands = inFlight.count === 0 ? [] : [{what: `${inFlight.count} commands or queries that are under way`, isRunning: true}];
        const head = await eventStore.getLatestPosition() ?? -1n;
        const projections = service.set.all().flatMap(projection => leftOf(projection, head));
        const now = clock.now();
        const tasks = [
            ...(await effects.pending()).map(task => leftOfTask(task, `the durable side effect '${task.kind.slice(task.kind.indexOf('/') + 1)}'`, now)),
            ...(await scheduled.pending()).map(task => leftOfTask(task, `the scheduled command '${nameOfOrder(keptOf(task))}'`, now))
        ];
        const ofActions = await Promise.all(actions.all.map(runner => leftOfAction(runner, head, now)));
        return [...commands, ...projections, ...await publications.left(), ...tasks, ...ofActions.flat()];
    }
}

async function leftOfAction(runner: ActionRunner, head: bigint, now: number): Promise<readonly WorkLeft[]> {
    const {compiled: {action: {name, options: {ordered = false}}}, position = -1n} = runner;
    const waiting = await runner.waiting();
    const pending = await runner.pending();
    const leftOfIt = (task: Task): WorkLeft => leftOfTask(task, task.kind === RUN ? `action '${name}'` : `a dead letter of action '${name}'`, now);
    return [
        ...runner.isBehind(head) ? [{what: `the events that trigger action '${name}', which is at position ${position} of ${head}`}] : [],
        ...runner.isFiring ? [{what: `the times that trigger action '${name}'`}] : [],
        ...waiting === 0n ? [] : [{what: `${waiting} messages that trigger action '${name}'`}],
        ...ordered ? leftInOrder(pending, leftOfIt) : pending.map(leftOfIt)
    ];
}

/** Nothing overtakes the first, so what is behind it waits as it does. */
function leftInOrder(pending: readonly Task[], leftOfIt: (task: Task) => WorkLeft): readonly WorkLeft[] {
    const [first, ...others] = [...pending].sort((a, b) => a.sequence - b.sequence).map(leftOfIt);
    return first === undefined ? [] : [first, ...others.map(() => ({...first, what: `what waits behind ${first.what}`}))];
}

function leftOfTask({attempts, dueAt, claimedBy}: Task, what: string, now: number): WorkLeft {
    if (claimedBy !== undefined)
        return {what: `${what}, which is running (attempt ${attempts})`, isRunning: true};
    return dueAt > now ? {what: `${what}, due in ${dueAt - now} ms (attempt ${attempts + 1})`, dueAt} : {what: `${what}, which is due`};
}

function leftOf({id, state, error, position, isLiveTracking}: Projection, head: bigint): WorkLeft[] {
    if (state === 'faulted')
        return [{what: `projection '${id}', which is faulted`, error: error ?? new Error('It is faulted.')}];
    if (state === 'unavailable' || state === 'stopped' || isLiveTracking && state !== 'waiting' && position >= head)
        return [];
    return [{what: `projection '${id}', which is ${state} at position ${position} of ${head}${error === undefined ? '' : `: ${error.message}`}`}];
}
