import {Aggregate, type AggregateFold, type CommandHandle} from '../aggregates/index.ts';
import {NotFoundError} from '../errors/index.ts';
import type {Definitions} from './definitions.ts';

/** Finds what callers name. Names are looked up in maps of what is registered, so that nothing inherited is ever found. */
export class CommandLookup {
    readonly #definitions: Definitions;

    constructor(definitions: Definitions) {
        this.#definitions = definitions;
    }

    /** @throws NotFoundError `UNKNOWN_AGGREGATE` */
    fold(aggregate: Aggregate): AggregateFold {
        const fold = this.#definitions.folds.get(aggregate);
        if (fold === undefined)
            throw new NotFoundError(aggregate instanceof Aggregate ? `There is no aggregate '${aggregate.name}'.` : 'An aggregate is named by itself here, not by its name: stateOf(order, id).', {code: 'UNKNOWN_AGGREGATE'});
        return fold;
    }

    /** @throws NotFoundError `UNKNOWN_AGGREGATE` */
    aggregate(target: unknown): Aggregate {
        const aggregate = typeof target === 'string' ? this.#definitions.aggregates.get(target) : target as Aggregate;
        if (aggregate === undefined || !this.#definitions.folds.has(aggregate))
            throw new NotFoundError(`There is no aggregate '${typeof target === 'string' ? target : String((target as Partial<Aggregate> | undefined)?.name)}'.`, {code: 'UNKNOWN_AGGREGATE'});
        return aggregate;
    }

    /**
     * @param target A command handle, an aggregate, or an aggregate's name
     * @param commandName Not looked at for a handle
     * @throws NotFoundError `UNKNOWN_AGGREGATE`, `UNKNOWN_COMMAND`
     */
    command(target: unknown, commandName: unknown): CommandHandle {
        if (typeof target !== 'string' && !(target instanceof Aggregate))
            return this.#handle(target);
        const aggregate = this.aggregate(target);
        const command = aggregate.commands.get(commandName as string);
        if (command === undefined)
            throw new NotFoundError(`Aggregate '${aggregate.name}' has no command '${String(commandName)}'.`, {code: 'UNKNOWN_COMMAND'});
        return command;
    }

    #handle(target: unknown): CommandHandle {
        const {aggregate, name} = (target ?? {}) as Partial<CommandHandle>;
        if (!(aggregate instanceof Aggregate))
            throw new NotFoundError('executeCommand takes a command handle, an aggregate, or an aggregate\'s name.', {code: 'UNKNOWN_AGGREGATE'});
        return this.command(aggregate, name);
    }
}
