import type {DeferredCommands, ScheduleCall} from '../../context/index.ts';
import {ContextError, isWoltageError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import {deriveUuid, uuidV7} from '../../shared/uuid.ts';
import type {PreparedOrder} from './scheduled-command.ts';
import type {ScheduledCommands} from './scheduled-commands.ts';

/** What one attempt of a handler asks to be executed later. */
export class DeferredOrders implements DeferredCommands {
    readonly #scheduled: ScheduledCommands;
    readonly #seed: (() => Promise<string>) | undefined;
    #preparing: Promise<PreparedOrder>[] | undefined;
    #cancelled: string[] | undefined;
    #isOver = false;

    constructor(scheduled: ScheduledCommands, seed: (() => Promise<string>) | undefined) {
        this.#scheduled = scheduled;
        this.#seed = seed;
    }

    get isEmpty(): boolean {
        return this.#preparing === undefined && this.#cancelled === undefined;
    }

    schedule(call: ScheduleCall): Promise<void> {
        if (this.#isOver)
            return Promise.reject(tooLate('scheduleCommand'));
        const list = this.#preparing ??= [];
        const preparing = this.#prepare(call, list.length);
        list.push(preparing);
        const checked = preparing.then(() => undefined);
        // Whether somebody awaits it or not, the handler's call fails by it.
        checked.catch(() => undefined);
        return checked;
    }

    cancel(id: string): Promise<void> {
        if (this.#isOver)
            return Promise.reject(tooLate('cancelScheduled'));
        (this.#cancelled ??= []).push(id);
        return Promise.resolve();
    }

    async around<R>(cause: Cause | undefined, append: () => Promise<R>): Promise<R> {
        this.#isOver = true;
        const orders = await Promise.all(this.#preparing ?? []);
        const mark = uuidV7();
        await this.#scheduled.hold(orders, cause && {id: cause.id, correlationId: cause.correlationId}, mark);
        let result: R;
        try {
            result = await append();
        } catch (error) {
            // After any other error it isn't known whether something was appended.
            if (isWoltageError(error) && error.status < 500)
                await this.#scheduled.takeBack(orders, mark);
            throw error;
        }
        await this.#scheduled.release(orders, mark, this.#cancelled ?? []);
        return result;
    }

    async #prepare(call: ScheduleCall, ordinal: number): Promise<PreparedOrder> {
        const seed = await this.#seed?.();
        return this.#scheduled.prepare(seed === undefined ? call : {...call, id: await deriveUuid(seed, `scheduled/${ordinal}`)});
    }
}

const tooLate = (what: string): ContextError => new ContextError(`${what} was called after the handler had returned: await it in the handler.`, {code: 'HANDLER_RETURNED'});
