import type {Event} from '../events/index.ts';
import type {StandardSchema} from '../shared/standard-schema.ts';
import type {Aggregate} from './aggregate.ts';

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

declare const input: unique symbol;

/** A registered command: pass it to `executeCommand`, and the payload's type is known. */
export interface CommandHandle<Input = unknown> {
    readonly aggregate: Aggregate;
    readonly name: string;
    readonly schema: StandardSchema | undefined;
    readonly handler: CommandHandler<never, never>;
    /** Carries the type of the payload; never there at run time. */
    readonly [input]?: (payload: Input) => void;
}
