import {
    Aggregate, mailboxOf, type CommandHandle, type CommandOutcome, type CommandRequest, type EventIdAt, type StateLimit, type TakenSnapshots, type TakeSnapshotsOptions, type UnitOptions
} from '../aggregates/index.ts';
import {currentContext, type PastOptions} from '../context/index.ts';
import {BadRequestError, ConfigError, WoltageError} from '../errors/index.ts';
import type {Cause} from '../events/index.ts';
import type {CommandParts} from './command-parts.ts';
import {EventControl} from './event-control.ts';
import {observeCommand} from './observe.ts';

/** How a command is executed. */
export interface ExecuteOptions {
    /** Names the request: a repetition of it is answered as the first was and appends nothing, in whatever process, also while the first is still running. 1 to 256 characters. */
    readonly idempotencyKey?: string | undefined;
}

/** A command of a unit of work, by its handle or by names. */
export interface UnitCommand {
    readonly command: CommandHandle<never> | string;
    /** Needed where the command is given by its name. */
    readonly aggregate?: Aggregate | string | undefined;
    readonly aggregateId: string;
    readonly payload?: unknown;
    /** Handed to the command handler. */
    readonly context?: object | undefined;
}

/** The part of {@link Woltage} that decides and writes. */
export abstract class CommandControl extends EventControl {
    /** @internal */
    protected abstract readonly commandParts: CommandParts;

    /**
     * Executes a command: validates the payload, loads the aggregate, calls the handler and appends its events.
     *
     * @param context Handed to the command handler, together with the aggregate id. An `idempotencyKey` in it counts as one in the options
     * @throws NotFoundError `UNKNOWN_AGGREGATE`, `UNKNOWN_COMMAND`
     * @throws ValidationError `VALIDATION_FAILED` when the payload doesn't match the schema; nothing was loaded then
     * @throws ConflictError `REVISION_CONFLICT` when another command on the same aggregate was faster; `IDEMPOTENCY_KEY_REUSED`
     * @throws GoneError when the aggregate was erased
     * @throws UnavailableError `STOPPED`
     * @throws whatever the handler throws; nothing is appended then
     */
    executeCommand(aggregate: string | Aggregate, aggregateId: string, commandName: string, payload?: unknown, context?: object, options?: ExecuteOptions): Promise<CommandOutcome>;
    executeCommand<Input>(command: CommandHandle<Input>, aggregateId: string, payload: Input, context?: object, options?: ExecuteOptions): Promise<CommandOutcome>;
    executeCommand(target: string | Aggregate | CommandHandle<never>, aggregateId: string, ...rest: unknown[]): Promise<CommandOutcome> {
        return this.run(() => {
            const named = typeof target === 'string' || target instanceof Aggregate;
            const command = this.commandParts.lookup.command(target, rest[0]);
            const [payload, context, options] = (named ? rest.slice(1) : rest) as [unknown, object | undefined, ExecuteOptions | undefined];
            const request = {command, aggregateId, payload, context};
            const cause = this.#entering(request);
            return observeCommand(command, () => {
                const {executor, keyed} = this.commandParts;
                const key = options?.idempotencyKey ?? (context as ExecuteOptions | undefined)?.idempotencyKey;
                return key === undefined
                    ? executor.execute(request, cause)
                    : keyed.execute(key, [request], async idAt => [await executor.execute(request, cause, idAt)]).then(([outcome]) => outcome as CommandOutcome);
            });
        });
    }

    /**
     * Executes commands as one unit of work: all payloads are validated first, each aggregate is loaded once, later commands see the events of earlier ones, and all events are appended in one
     * write, or none.
     *
     * @example
     * await woltage.executeCommands([
     *     {command: withdraw, aggregateId: 'a', payload: {amount: 10}},
     *     {command: deposit, aggregateId: 'b', payload: {amount: 10}}
     * ], {atomic: true});
     * @returns What each of the commands did, in their order
     * @throws BadRequestError `ATOMIC_UNSUPPORTED` when the event store can't append to several streams at once; no handler has run then
     * @throws what {@link executeCommand} throws; nothing is appended then
     */
    executeCommands(commands: readonly UnitCommand[], options: UnitOptions & ExecuteOptions = {}): Promise<readonly CommandOutcome[]> {
        return this.run(async () => {
            if (!Array.isArray(commands) || commands.length === 0)
                throw new BadRequestError('executeCommands takes a list of commands: [{command, aggregateId, payload}, ...].', {code: 'INVALID_COMMANDS'});
            if (options.idempotencyKey !== undefined && options.atomic === false)
                throw new BadRequestError('An idempotency key needs an atomic unit of work: what is appended in parts can\'t be answered as a whole.', {code: 'ATOMIC_REQUIRED'});
            const requests = (commands as readonly UnitCommand[]).map(({command, aggregate, aggregateId, payload, context}): CommandRequest =>
                ({command: this.commandParts.lookup.command(aggregate ?? command, command), aggregateId, payload, context}));
            const cause = this.#entering(...requests);
            const {unit, keyed} = this.commandParts;
            const execute = (idAt?: EventIdAt): Promise<readonly CommandOutcome[]> => unit.execute(requests, options, cause, idAt);
            return options.idempotencyKey === undefined ? execute() : keyed.execute(options.idempotencyKey, requests, execute);
        });
    }

    /** The current state of an aggregate, folded from its events; the initial state where it has none. @throws GoneError when it was erased */
    async stateOf<State>(aggregate: Aggregate<State>, aggregateId: string): Promise<State> {
        return this.run(async () => (await this.commandParts.loader.load(aggregate as unknown as Aggregate, aggregateId)).state as State);
    }

    /**
     * The state that an aggregate had.
     *
     * @throws BadRequestError `INVALID_LIMIT`
     * @throws GoneError when it was erased
     */
    async stateAt<State>(aggregate: Aggregate<State>, aggregateId: string, at: PastOptions): Promise<State> {
        return this.run(async () => (await this.commandParts.loader.loadAt(aggregate as unknown as Aggregate, aggregateId, limitOf(at))).state as State);
    }

    /**
     * Takes snapshots of aggregates that have had many events since their last one, for instance before a deployment or at night. It looks through the events from `after` on; call it with
     * the `position` of the result until it has caught up.
     *
     * @throws ConfigError `SNAPSHOTS_OFF` where the aggregate has no snapshots
     */
    async takeSnapshots(options: TakeSnapshotsOptions): Promise<TakenSnapshots> {
        return this.run(async () => {
            const {lookup, snapshots, taker} = this.commandParts;
            const aggregate = lookup.aggregate(options.aggregate);
            const settings = snapshots.settingsOf(aggregate);
            if (settings === undefined)
                throw new ConfigError(`Aggregate '${aggregate.name}' has no snapshots: set \`snapshots\` in its options or in the config.`, {code: 'SNAPSHOTS_OFF'});
            return taker.takeBatch(aggregate, options, settings);
        });
    }

    /** What the commands follow from. @throws WoltageError `COMMAND_REENTERED` */
    #entering(...requests: readonly CommandRequest[]): Cause | undefined {
        const context = currentContext();
        if (context?.runtime !== this.commandParts.runtime)
            return undefined;
        const held = context.mailboxes;
        const again = held && requests.find(({command, aggregateId}) => held.includes(mailboxOf(command.aggregate, aggregateId)));
        if (again !== undefined)
            throw new WoltageError(`A command handler of aggregate '${again.command.aggregate.name}/${again.aggregateId}' executes a command on the same aggregate, and would wait for itself.`, 500,
                {code: 'COMMAND_REENTERED'});
        return context.effects?.cause;
    }
}

/** @throws BadRequestError `INVALID_LIMIT` */
export function limitOf({revision, position, time}: PastOptions = {}): StateLimit {
    const ms = time instanceof Date ? time.getTime() : time;
    const isValid = (revision === undefined || typeof revision === 'bigint' || Number.isSafeInteger(revision)) && (position === undefined || typeof position === 'bigint')
        && (ms === undefined || Number.isFinite(ms)) && [revision, position, ms].some(limit => limit !== undefined);
    if (!isValid)
        throw new BadRequestError('A state of the past needs {revision}, {position} or {time}.', {code: 'INVALID_LIMIT'});
    return {revision: revision === undefined ? undefined : BigInt(revision), position, time: ms};
}
