import {Aggregate, type AggregateLoader, type CommandExecutor, type CommandHandle, type CommandOutcome} from '../aggregates/index.ts';
import {currentContext, runInContext, type ExecutionContext} from '../context/index.ts';
import type {CommandLookup} from './command-lookup.ts';
import {EventControl} from './event-control.ts';
import {observeCommand} from './observe.ts';

/** What {@link CommandControl} works with. */
export interface CommandParts {
    readonly lookup: CommandLookup;
    readonly loader: AggregateLoader;
    readonly executor: CommandExecutor;
    /** What handlers run in. */
    readonly context: ExecutionContext;
}

/** The part of {@link Woltage} that decides and writes. */
export abstract class CommandControl extends EventControl {
    /** @internal */
    protected abstract readonly commandParts: CommandParts;

    /**
     * Executes a command: validates the payload, loads the aggregate, calls the handler and appends its events.
     *
     * @param context Handed to the command handler, together with the aggregate id
     * @throws NotFoundError `UNKNOWN_AGGREGATE`, `UNKNOWN_COMMAND`
     * @throws ValidationError `VALIDATION_FAILED` when the payload doesn't match the schema; nothing was loaded then
     * @throws ConflictError `REVISION_CONFLICT` when another command on the same aggregate was faster
     * @throws UnavailableError `STOPPED`
     * @throws whatever the handler throws; nothing is appended then
     */
    executeCommand<Input>(command: CommandHandle<Input>, aggregateId: string, payload: Input, context?: object): Promise<CommandOutcome>;
    executeCommand(aggregate: string | Aggregate, aggregateId: string, commandName: string, payload?: unknown, context?: object): Promise<CommandOutcome>;
    executeCommand(target: string | Aggregate | CommandHandle<never>, aggregateId: string, ...rest: unknown[]): Promise<CommandOutcome> {
        return this.run(() => {
            const named = typeof target === 'string' || target instanceof Aggregate;
            const command = this.commandParts.lookup.command(target, rest[0]);
            const [payload, context] = (named ? rest.slice(1) : rest) as [unknown, object | undefined];
            const {context: own, executor} = this.commandParts;
            const current = currentContext();
            const cause = current?.runtime === own.runtime ? current.effects?.cause : undefined;
            return observeCommand(command, () => executor.execute(command, aggregateId, payload, context, cause, this.#inContext));
        });
    }

    /** The current state of an aggregate, folded from its events; the initial state where it has none. */
    async stateOf<State>(aggregate: Aggregate<State>, aggregateId: string): Promise<State> {
        return this.run(async () => (await this.commandParts.loader.load(aggregate as unknown as Aggregate, aggregateId)).state as State);
    }

    /** Runs a command handler. */
    readonly #inContext = <R>(handler: () => R): R => runInContext(this.commandParts.context, handler);
}
