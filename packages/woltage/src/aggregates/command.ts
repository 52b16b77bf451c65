import type {Event} from '../events/index.ts';

/** What a command handler is told beside state and payload: its aggregate id, and what the caller passed as context. */
export interface CommandContext {
    readonly aggregateId: string;
    readonly [key: string]: unknown;
}

/** What a command decided: events to append, in order, or nothing. */
export type CommandResult = Event | readonly Event[] | undefined | null | void;

/** Decides. It may read (for example read models), but its only effect is the events that it returns. */
export type CommandHandler<State, Payload> = (
    state: State,
    payload: Payload,
    context: CommandContext
) => CommandResult | Promise<CommandResult>;

export interface CommandOptions {
    /** The command's name, where the handler is anonymous or another name is wanted. */
    readonly name?: string;
}
