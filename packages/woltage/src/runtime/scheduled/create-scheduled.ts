import type {ContextRuntime, DeferredCommands} from '../../context/index.ts';
import {BadRequestError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import type {IEventStore, IStore} from '../../ports/index.ts';
import type {Logger} from '../../shared/logger.ts';
import type {Self} from '../../shared/owner.ts';
import {KeyedWork} from '../../tasks/index.ts';
import {DEFAULT_KEEP_MS, type CommandParts} from '../command-parts.ts';
import {KeyedCommands} from '../keyed-commands.ts';
import {readOrder, validateOrder, type OrderLookup} from './command-order.ts';
import {DeferredOrders} from './deferred-orders.ts';
import {OrderExecution, type OrderExecutionParts} from './order-execution.ts';
import {ScheduledCommands} from './scheduled-commands.ts';

/** What schedules, and executes as an effect. */
export interface ScheduleParts {
    readonly scheduled: ScheduledCommands;
    readonly defer: (seed: (() => Promise<string>) | undefined) => DeferredCommands;
    /** See `ContextRuntime`. */
    readonly executeOnce: (key: string, cause: Cause, args: readonly unknown[]) => Promise<void>;
    open(): Promise<void>;
}

/** What code inside of a runtime reaches of it. @param parts They come after the runtime that they need */
export const scheduleContext = (parts: () => ScheduleParts): Pick<ContextRuntime, 'executeOnce' | 'schedule' | 'cancelScheduled' | 'defer'> => ({
    executeOnce: (...args) => parts().executeOnce(...args),
    schedule: call => parts().scheduled.schedule(call),
    cancelScheduled: id => parts().scheduled.cancel(id),
    defer: seed => parts().defer(seed)
});

interface CreateOptions extends Pick<OrderExecutionParts, 'decide' | 'decisions'> {
    readonly commandParts: CommandParts;
    readonly findDecision: OrderLookup['decision'];
    readonly eventStore: IEventStore;
    readonly internalStore: IStore;
    readonly runtime: ContextRuntime;
    readonly self: Self;
    readonly log: Logger;
    readonly keepMs: number | undefined;
}

export function createScheduled({commandParts, findDecision, eventStore, internalStore, runtime, self, log, decide, decisions, keepMs = DEFAULT_KEEP_MS}: CreateOptions): ScheduleParts {
    const tasks = internalStore.scope({namespace: '_woltage_scheduled', tables: {}});
    // Not among the keys that callers make up.
    const keys = internalStore.scope({namespace: '_woltage_scheduled_keys', tables: {}});
    const work = new KeyedWork(keys, self, log, keepMs);
    const lookup: OrderLookup = {command: (target, name) => commandParts.lookup.command(target, name), decision: findDecision};
    const execution = new OrderExecution({work, keyed: new KeyedCommands(work, commandParts.traces), commands: commandParts.executor, decisions, decide, eventStore});
    const scheduled = new ScheduledCommands({store: tasks, lookup, execution, runtime, self, log, keepMs});
    return {
        scheduled,
        defer: seed => new DeferredOrders(scheduled, seed),
        async executeOnce(key, cause, args) {
            const {order, rest} = readOrder(args, lookup);
            if (rest.length > 0)
                throw new BadRequestError('executeCommand takes no options here: a repetition is recognised anyway.', {code: 'INVALID_OPTIONS'});
            await validateOrder(order);
            await execution.execute(key, order, cause);
        },
        async open() {
            await Promise.all([tasks.createTables(), keys.createTables()]);
        }
    };
}
