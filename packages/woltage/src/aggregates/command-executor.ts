import type {ContextRuntime, DeferredCommands} from '../context/index.ts';
import {placeRecorded, type Cause, type Event, type EventCatalogue, type EventData} from '../events/index.ts';
import {STATE_NEW, type AppendResult} from '../ports/index.ts';
import {copyIfPlain} from '../shared/data.ts';
import {Mailboxes} from '../shared/mailboxes.ts';
import {traced} from '../shared/telemetry.ts';
import {validate} from '../shared/validate.ts';
import type {CommandHandle} from './aggregate.ts';
import {checkAggregateId} from './aggregate-id.ts';
import {keyOf, type AggregateLoader, type LoadedState} from './aggregate-loader.ts';
import type {AggregateAppend, Appender} from './appender.ts';
import type {CommandResult} from './command.ts';
import {isRevisionConflict, pauseBeforeRetry} from './conflicts.ts';
import {toDecided} from './decided.ts';
import type {SnapshotTaker} from './snapshot-taker.ts';
import {isErasure} from './erase-stream.ts';

/** What a command did. */
export interface CommandOutcome {
    /** Of the aggregate's last event after the command; -1n when it has none. */
    readonly revision: bigint;
    /** Of the last event that the command read or wrote: wait for it to read your own writes. -1n when there is none. */
    readonly position: bigint;
    /** The new events, as recorded. */
    readonly events: readonly Event[];
}

/** A command that is to be executed. */
export interface CommandRequest {
    readonly command: CommandHandle;
    readonly aggregateId: string;
    readonly payload: unknown;
    /** What the caller passes to the handler. */
    readonly context: object | undefined;
}

/** Gives the events of an execution their ids, by the place of the command and that of the event in it; they have their own where there is none. */
export type EventIdAt = (command: number, event: number) => Promise<string>;

/** Runs a handler in the context of the runtime. @param deferred Where it schedules. @param mailboxes Those that are held meanwhile */
export type RunHandler = (handler: () => CommandResult | Promise<CommandResult>, deferred: DeferredCommands, mailboxes?: readonly string[]) => CommandResult | Promise<CommandResult>;

export interface ExecutorParts {
    readonly appender: Appender;
    readonly catalogue: EventCatalogue;
    readonly loader: AggregateLoader;
    readonly taker: SnapshotTaker;
    readonly run: RunHandler;
    /** For each attempt, see `ContextRuntime`. */
    readonly defer: ContextRuntime['defer'];
}

/** A command with a valid payload, on its way. */
interface Attempt extends CommandRequest {
    readonly cause: Cause | undefined;
    readonly idAt: EventIdAt | undefined;
    /** Those that are held meanwhile. */
    readonly mailboxes: readonly string[] | undefined;
    /** How many more times it may be decided anew. */
    readonly left: number;
    /** Whether what was known of the aggregate has been forgotten once. */
    readonly hasDoubted: boolean;
}

/** Executes commands: validate, load, decide, append. */
export class CommandExecutor {
    readonly #parts: ExecutorParts;
    readonly mailboxes = new Mailboxes();

    constructor(parts: ExecutorParts) {
        this.#parts = parts;
    }

    /**
     * @throws ValidationError when the payload doesn't match the command's schema; nothing was loaded then
     * @throws ConflictError `REVISION_CONFLICT` when another command on the same aggregate was faster, and also the last time that was allowed
     */
    async execute(request: CommandRequest, cause?: Cause, idAt?: EventIdAt): Promise<CommandOutcome> {
        const {command, aggregateId, context} = request;
        checkAggregateId(aggregateId);
        // Awaited only where there is something to wait for: on a hot path every promise counts.
        const validated = validPayload(request);
        const payload = validated instanceof Promise ? await validated as unknown : validated;
        // Spelled out, which is several times faster than a spread.
        const attempt: Attempt = {command, aggregateId, payload, context, cause, idAt, mailboxes: undefined, left: command.retryOnConflict, hasDoubted: false};
        if (command.aggregate.options.concurrency !== 'serialized')
            return this.#try(attempt);
        const mailbox = keyOf(command.aggregate, aggregateId);
        return this.mailboxes.run(mailbox, () => this.#try({...attempt, mailboxes: [mailbox]}));
    }

    async #try(attempt: Attempt): Promise<CommandOutcome> {
        const {command: {aggregate}, aggregateId} = attempt;
        const loaded = await traced('woltage.load', () => ({'woltage.aggregate': aggregate.name}), () => this.#parts.loader.load(aggregate, aggregateId));
        const deferred = this.#parts.defer(seedOf(attempt.idAt));
        const deciding = this.#decide(attempt, loaded, deferred);
        const {events, force} = toDecided(deciding instanceof Promise ? await deciding : deciding, attempt.command, aggregateId);
        const {revision, position} = loaded;
        if (events.length === 0) {
            if (!deferred.isEmpty)
                await deferred.around(attempt.cause, nothing);
            this.#parts.taker.consider(aggregate, aggregateId, loaded, revision);
            return {revision, position, events};
        }
        const isEnd = isErasure(events, `Command '${aggregate.name}.${attempt.command.name}'`);
        const converting = this.#toData(events, attempt);
        const data = converting instanceof Promise ? await converting : converting;
        const append: AggregateAppend = {aggregate, aggregateId, events, data, revision: force ? undefined : revision < 0n ? STATE_NEW : revision};
        const write = (): Promise<AppendResult> =>
            traced('woltage.append', () => ({'woltage.aggregate': aggregate.name, 'woltage.events': data.length}), () => isEnd ? this.#erase(append) : this.#parts.appender.appendOne(append));
        try {
            const result = await (deferred.isEmpty ? write() : deferred.around(data[0], write));
            placeRecorded(events, data, result);
            if (!isEnd)
                this.#parts.taker.consider(aggregate, aggregateId, loaded, result.revision);
            return {revision: result.revision, position: result.position, events};
        } catch (error) {
            return this.#try(await this.#next(attempt, loaded, error));
        }
    }

    #erase(append: AggregateAppend): Promise<AppendResult> {
        const {loader} = this.#parts;
        return this.#parts.appender.erase(append, async () => {
            loader.forget(append.aggregate, append.aggregateId);
            await loader.snapshots.tryToRemove(append.aggregate, append.aggregateId);
        });
    }

    #decide({command: {handler}, aggregateId, payload: own, context, mailboxes, left}: Attempt, {state, revision}: LoadedState, deferred: DeferredCommands): CommandResult | Promise<CommandResult> {
        // A handler may change what it gets; the next attempt must not see that.
        const payload = left > 0 ? copyIfPlain(own) : own;
        return this.#parts.run(() => handler(state as never, payload as never, {...context, aggregateId, aggregateVersion: Number(revision) + 1}), deferred, mailboxes);
    }

    /** The next attempt after one whose append has failed. @throws the error where there is none */
    async #next(attempt: Attempt, loaded: LoadedState, error: unknown): Promise<Attempt> {
        const {command: {aggregate}, aggregateId, left, hasDoubted} = attempt;
        if (!isRevisionConflict(error))
            throw error;
        if (!hasDoubted && isAhead(loaded, error.details)) {
            // What was known is not what the stream holds, which may have been restored: that is nobody's conflict.
            await this.#parts.loader.distrust(aggregate, aggregateId);
            return {...attempt, hasDoubted: true};
        }
        if (left === 0)
            throw error;
        await pauseBeforeRetry(attempt.command.retryOnConflict - left);
        return {...attempt, left: left - 1};
    }

    #toData(events: readonly Event[], {cause, idAt}: Attempt): readonly EventData[] | Promise<readonly EventData[]> {
        const {catalogue} = this.#parts;
        if (idAt === undefined)
            return events.map(event => catalogue.toData(event, event.id, cause));
        return Promise.all(events.map(async (event, index) => catalogue.toData(event, await idAt(0, index), cause)));
    }
}

/** What ids are derived from that a repetition must make again. */
export const seedOf = (idAt: EventIdAt | undefined): (() => Promise<string>) | undefined => idAt && (() => idAt(0, 0));
const nothing = (): Promise<void> => Promise.resolve();

/** @throws ValidationError (in the promise, for a schema that validates asynchronously) */
export function validPayload({command: {aggregate, name, schema}, payload}: CommandRequest): unknown {
    return schema === undefined ? payload : validate(schema, payload, () => `Payload of command '${aggregate.name}.${name}'`);
}

/** Whether a state was known to be further than the stream is. */
export function isAhead({knownRevision}: LoadedState, details: unknown): boolean {
    const current = (details as {readonly current?: unknown} | undefined)?.current;
    return knownRevision >= 0n && typeof current === 'string' && /^-?\d+$/.test(current) && BigInt(current) < knownRevision;
}
