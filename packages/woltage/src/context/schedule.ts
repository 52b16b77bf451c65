import type {Cause} from '../events/index.ts';

export interface ScheduleOptions {
    /** Names what is scheduled: a repetition schedules nothing, as long as the first is remembered (`idempotencyKeepMs`, a week by default). 1 to 256 characters. @default a new UUID */
    readonly id?: string | undefined;
    /** As `id`, for keys that come from outside: the id is derived from it. 1 to 256 characters. */
    readonly idempotencyKey?: string | undefined;
}

/** A command or decision that is to be executed later, as it was asked for. */
export interface ScheduleCall {
    readonly executeAt: Date;
    /** (command, aggregateId, payload, context?, options?), (aggregate, aggregateId, commandName, payload?, context?, options?) or (decision, input, context?, options?). */
    readonly args: readonly unknown[];
    /** Where the options give none. @default a new one */
    readonly id?: string | undefined;
    /** What its events will follow from. */
    readonly cause?: Cause | undefined;
}

/** What a handler asks to be executed later: written when it has returned, before its events are appended, and taken back where they are refused. */
export interface DeferredCommands {
    /** Whether nothing has been asked for. */
    readonly isEmpty: boolean;
    /** @throws what `ContextRuntime.schedule` does, and ContextError when the handler has returned */
    schedule(call: ScheduleCall): Promise<void>;
    /** To be done when the events have been appended. What is scheduled under the same id after that takes its place; what was scheduled before isn't scheduled. */
    cancel(id: string): Promise<void>;
    /**
     * Writes it down, and appends. When that is refused, it is taken back; when it is in doubt, it stays.
     *
     * @param cause What it follows from
     */
    around<R>(cause: Cause | undefined, append: () => Promise<R>): Promise<R>;
}
