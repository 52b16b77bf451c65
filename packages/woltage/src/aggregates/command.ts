import type {Event} from '../events/index.ts';

/** What a command handler is told beside state and payload: its aggregate, and what the caller passed as context. */
export interface CommandContext {
    readonly aggregateId: string;
    /** How many events the aggregate has had. */
    readonly aggregateVersion: number;
    readonly [key: string]: unknown;
}

/** Events with a say in how they are appended. */
export interface ForcedEvents {
    /** True: they are appended whatever has been appended since the state was read. @default false */
    readonly force?: boolean;
    readonly event: Event | readonly Event[];
}

/** What a command decided: events to append, in order, or nothing. */
export type CommandResult = Event | readonly Event[] | ForcedEvents | undefined | null | void;

/** Decides. It may read (for example read models), but its only effect is the events that it returns. */
export type CommandHandler<State, Payload> = (
    state: State,
    payload: Payload,
    context: CommandContext
) => CommandResult | Promise<CommandResult>;

export interface CommandOptions {
    /** The command's name, where the handler is anonymous or another name is wanted. */
    readonly name?: string;
    /** Overrides the aggregate's. */
    readonly retryOnConflict?: number | undefined;
}
