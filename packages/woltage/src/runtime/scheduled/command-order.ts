import {Aggregate, checkAggregateId, type CommandHandle} from '../../aggregates/index.ts';
import {Decision, type CompiledDecision} from '../../decisions/index.ts';
import {BadRequestError, NotFoundError} from '../../errors/index.ts';
import {validate} from '../../shared/validate.ts';

/** Finds what an order names. */
export interface OrderLookup {
    /** @throws NotFoundError */
    readonly command: (target: unknown, name: unknown) => CommandHandle;
    /** @throws NotFoundError */
    readonly decision: (target: unknown) => CompiledDecision;
}

/** What is to be executed: a command, or a decision. */
export type Order = ({readonly command: CommandHandle; readonly aggregateId: string; readonly decision?: undefined} | {readonly decision: CompiledDecision; readonly command?: undefined}) & {
    readonly payload: unknown;
    readonly context: object | undefined;
};

/** An order as it is kept. */
export interface PlainOrder {
    readonly aggregate?: string | undefined;
    readonly aggregateId?: string | undefined;
    readonly command?: string | undefined;
    readonly decision?: string | undefined;
    /** Not validated: a schema may change what it gets, and does so when it is executed. */
    readonly payload?: unknown;
    readonly context?: object | undefined;
}

/**
 * Reads what a caller gives: (command, aggregateId, payload, context?), (aggregate or its name, aggregateId, commandName, payload?, context?) or (decision, input, context?), and what stands behind that.
 *
 * @throws NotFoundError `UNKNOWN_AGGREGATE`, `UNKNOWN_COMMAND`, `UNKNOWN_DECISION`
 * @throws BadRequestError `INVALID_AGGREGATE_ID`, `INVALID_COMMANDS`
 */
export function readOrder(args: readonly unknown[], lookup: OrderLookup): {readonly order: Order; readonly rest: readonly unknown[]} {
    const [target, aggregateId] = args;
    if (target instanceof Decision) {
        const [, payload, context, ...rest] = args;
        return {order: {decision: lookup.decision(target), payload, context: checkContext(context)}, rest};
    }
    const isNamed = typeof target === 'string' || target instanceof Aggregate;
    const command = lookup.command(target, args[2]);
    const [payload, context, ...rest] = args.slice(isNamed ? 3 : 2);
    checkAggregateId(aggregateId);
    return {order: {command, aggregateId: aggregateId as string, payload, context: checkContext(context)}, rest};
}

function checkContext(context: unknown): object | undefined {
    if (context !== undefined && (typeof context !== 'object' || context === null))
        throw new BadRequestError('The context of a command is an object. For options behind it, pass {} where there is none.', {code: 'INVALID_COMMANDS'});
    return context;
}

export const toPlain = ({command, decision, payload, context, ...order}: Order): PlainOrder => command === undefined
    ? {decision: decision?.decision.name, payload, context}
    : {aggregate: command.aggregate.name, aggregateId: (order as {readonly aggregateId: string}).aggregateId, command: command.name, payload, context};

/** @throws NotFoundError */
export function fromPlain({aggregate, aggregateId = '', command, decision, payload, context}: PlainOrder, lookup: OrderLookup): Order {
    return decision === undefined ? {command: lookup.command(aggregate, command), aggregateId, payload, context} : {decision: lookup.decision(decision), payload, context};
}

/** @throws ValidationError when the command or decision would refuse the payload */
export async function validateOrder({command, decision, payload}: Order): Promise<void> {
    if (decision !== undefined)
        await validate(decision.decision.options.input, payload, () => `Input of decision '${decision.decision.name}'`);
    else if (command.schema !== undefined)
        await validate(command.schema, payload, () => `Payload of command '${command.aggregate.name}.${command.name}'`);
}

/** For people. */
export const nameOfOrder = ({aggregate = '', command = '', decision}: PlainOrder): string => decision ?? `${aggregate}.${command}`;

const KIND = 'scheduled/';

/** The kind of its task: processes with another version of the application may not know it. */
export const kindOf = ({aggregate, command, decision}: PlainOrder): string => KIND + JSON.stringify(decision === undefined ? {aggregate, command} : {decision});

export function isKnownKind(kind: string, lookup: OrderLookup): boolean {
    try {
        fromPlain(JSON.parse(kind.slice(KIND.length)) as PlainOrder, lookup);
        return true;
    } catch (error) {
        if (error instanceof NotFoundError)
            return false;
        throw error;
    }
}
