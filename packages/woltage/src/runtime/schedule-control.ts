import type {Aggregate, CommandHandle} from '../aggregates/index.ts';
import {currentContext, type ScheduleOptions} from '../context/index.ts';
import type {Decision} from '../decisions/index.ts';
import {DecisionControl} from './decision-control.ts';
import type {ScheduleParts} from './scheduled/create-scheduled.ts';
import type {FailedCommand, ScheduledCommand} from './scheduled/scheduled-command.ts';

/** The part of {@link Woltage} that has commands executed later. What is done here holds for all processes on the same internal store. */
export abstract class ScheduleControl extends DecisionControl {
    /** @internal */
    protected abstract readonly scheduleParts: ScheduleParts;

    /**
     * Has a command executed, or a decision made, at a time: by one process of all, whichever is there then, and its events are appended once, whatever crashes. What may pass (conflicts, databases that
     * are away, errors of a handler) is tried again, 10 times in all, with growing pauses; then, or at once where the command is refused, it goes to the dead letters ({@link getFailedCommands}).
     *
     * Command and payload are checked at once, and again when it is executed, against the state as it is then. A time that has passed is now.
     *
     * @example
     * const id = await woltage.scheduleCommand(new Date(Date.now() + 900_000), expireReservation, 'r-1', {});
     * await woltage.cancelScheduled(id);
     * @param context Handed to the handler; it is stored, as the payload is
     * @returns Its id, for {@link cancelScheduled}; safe when the promise resolves
     * @throws NotFoundError `UNKNOWN_AGGREGATE`, `UNKNOWN_COMMAND`, `UNKNOWN_DECISION`
     * @throws ValidationError `VALIDATION_FAILED` when the payload doesn't match the schema
     * @throws BadRequestError `INVALID_DATE`, `INVALID_AGGREGATE_ID`, `NOT_ENCODABLE` when payload or context can't be stored, `INVALID_TASK_ID`, `INVALID_IDEMPOTENCY_KEY`, `INVALID_OPTIONS`
     * @throws UnavailableError `STOPPED`
     */
    scheduleCommand(executeAt: Date, aggregate: string | Aggregate, aggregateId: string, commandName: string, payload?: unknown, context?: object, options?: ScheduleOptions): Promise<string>;
    scheduleCommand<Input>(executeAt: Date, decision: Decision<unknown, Input>, input: Input, context?: object, options?: ScheduleOptions): Promise<string>;
    scheduleCommand<Input>(executeAt: Date, command: CommandHandle<Input>, aggregateId: string, payload: Input, context?: object, options?: ScheduleOptions): Promise<string>;
    scheduleCommand(executeAt: Date, ...args: readonly unknown[]): Promise<string> {
        return this.run(() => {
            const context = currentContext();
            const cause = context?.runtime === this.commandParts.runtime ? context.effects?.cause : undefined;
            return this.scheduleParts.scheduled.schedule({executeAt, args, cause: cause && {id: cause.id, correlationId: cause.correlationId}});
        });
    }

    /**
     * Takes a scheduled command back. Its id may be used again then.
     *
     * @returns Whether it was there and had not begun; when true, it never will. False also while it waits to be tried again
     */
    cancelScheduled(id: string): Promise<boolean> {
        return this.run(() => this.scheduleParts.scheduled.cancel(id));
    }

    /**
     * The commands and decisions that wait for their time, the earliest first.
     *
     * @param options `after`: the `place` of the last one of the page before. `limit`: @default 100
     * @throws BadRequestError `INVALID_LIMIT`
     */
    getScheduledCommands(options: {readonly after?: string | undefined; readonly limit?: number | undefined} = {}): Promise<readonly ScheduledCommand[]> {
        return this.run(() => this.scheduleParts.scheduled.waiting(options));
    }

    /** The scheduled commands and decisions that have failed for good, by id. @throws BadRequestError `INVALID_LIMIT` */
    getFailedCommands(options: {readonly after?: string | undefined; readonly limit?: number | undefined} = {}): Promise<readonly FailedCommand[]> {
        return this.run(() => this.scheduleParts.scheduled.failed(options));
    }

    /** Has a failed command tried again, now, with all its attempts before it. @throws NotFoundError `UNKNOWN_TASK` */
    retryFailedCommand(id: string): Promise<void> {
        return this.run(() => this.scheduleParts.scheduled.retry(id));
    }

    /** Gives a failed command up. @throws NotFoundError `UNKNOWN_TASK` */
    discardFailedCommand(id: string): Promise<void> {
        return this.run(() => this.scheduleParts.scheduled.discard(id));
    }
}
