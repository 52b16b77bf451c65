import type {DeferredCommands, ScheduleCall} from '../../context/index.ts';
import {ContextError, isWoltageError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import {inBackground} from '../../shared/background.ts';
import {deriveUuid, uuidV7} from '../../shared/uuid.ts';
import type {HandlerPlan, PreparedOrder} from './scheduled-command.ts';
import {PROLONG_MS, type ScheduledCommands} from './scheduled-commands.ts';

/** What one attempt of a handler asks to be executed later. */
export class DeferredOrders implements DeferredCommands {
    readonly #scheduled: ScheduledCommands;
    readonly #seed: (() => Promise<string>) | undefined;
    /** What is to be scheduled, and the ids of what is to be cancelled, in the order of the calls. */
    #calls: Promise<PreparedOrder | string>[] | undefined;
    #orders = 0;
    #isOver = false;

    constructor(scheduled: ScheduledCommands, seed: (() => Promise<string>) | undefined) {
        this.#scheduled = scheduled;
        this.#seed = seed;
    }

    get isEmpty(): boolean {
        return this.#calls === undefined;
    }

    schedule(call: ScheduleCall): Promise<void> {
        if (this.#isOver)
            return Promise.reject(tooLate('scheduleCommand'));
        const preparing = this.#prepare(call, this.#orders++);
        (this.#calls ??= []).push(preparing);
        const checked = preparing.then(() => undefined);
        // Whether somebody awaits it or not, the handler's call fails by it.
        checked.catch(() => undefined);
        return checked;
    }

    cancel(id: string): Promise<void> {
        if (this.#isOver)
            return Promise.reject(tooLate('cancelScheduled'));
        (this.#calls ??= []).push(Promise.resolve(id));
        return Promise.resolve();
    }

    async around<R>(cause: Cause | undefined, append: () => Promise<R>): Promise<R> {
        this.#isOver = true;
        const calls = await Promise.all(this.#calls ?? []);
        const plan = await planOf(calls, cause && {id: cause.id, correlationId: cause.correlationId});
        await this.#scheduled.hold(plan);
        const holding = setInterval(() => inBackground(this.#scheduled.prolong(plan), () => undefined), PROLONG_MS);
        let result: R;
        try {
            result = await append().finally(() => clearInterval(holding));
        } catch (error) {
            // After any other error it isn't known whether something was appended.
            if (isWoltageError(error) && error.status < 500)
                await this.#scheduled.takeBack(plan);
            throw error;
        }
        await this.#scheduled.release(plan);
        return result;
    }

    async #prepare(call: ScheduleCall, ordinal: number): Promise<PreparedOrder> {
        const seed = await this.#seed?.();
        return this.#scheduled.prepare(seed === undefined ? call : {...call, id: await deriveUuid(seed, `scheduled/${ordinal}`)});
    }
}

/** What calls come to, each after those before it: the first order of an id counts, until it is cancelled. */
async function planOf(calls: readonly (PreparedOrder | string)[], cause: Cause | undefined): Promise<HandlerPlan> {
    const orders = new Map<string, PreparedOrder>();
    const cancelled = new Set<string>();
    for (const call of calls) {
        if (typeof call === 'string') {
            orders.delete(call);
            cancelled.add(call);
        } else if (!orders.has(call.id))
            orders.set(call.id, {...call, cause});
    }
    const mark = uuidV7();
    const all = [...orders.values()];
    return {
        mark,
        orders: all.filter(({id}) => !cancelled.has(id)),
        replacements: await Promise.all(all.filter(({id}) => cancelled.has(id)).map(async order => ({order, standIn: await deriveUuid(mark, order.id)}))),
        cancelled: [...cancelled].filter(id => !orders.has(id))
    };
}

const tooLate = (what: string): ContextError => new ContextError(`${what} was called after the handler had returned: await it in the handler.`, {code: 'HANDLER_RETURNED'});
