import type {Transaction} from '@woltage/postgres';
import type {AppendStatements} from './append-statements.ts';
import {decide, type Outcome} from './decide.ts';
import type {EncodedAppend} from './encode.ts';
import type {EncodedCondition, EventMatches} from './event-matches.ts';
import type {StreamState} from './streams.ts';

/** What belongs together: all or nothing. */
export interface AppendTask {
    readonly appends: readonly EncodedAppend[];
    readonly condition?: EncodedCondition | undefined;
}

/** The statements of an attempt. */
export interface AttemptParts {
    readonly statements: AppendStatements;
    readonly matches: EventMatches;
}

/**
 * One attempt to append.
 *
 * @param assumed What to start from; left out: it is read
 * @returns `undefined` when the streams are not as assumed, or not any more; nothing is written then
 */
export async function attempt(
    run: Transaction['run'], {statements, matches}: AttemptParts, tasks: readonly AppendTask[], assumed: StreamState | undefined
): Promise<readonly Outcome[] | undefined> {
    const conditions = tasks.map(({condition}) => condition);
    const isConditional = conditions.some(condition => condition !== undefined);
    const checked = isConditional ? await matches.check(run, conditions) : NOTHING_CHECKED;
    if (checked === undefined)
        return undefined;
    const appends = tasks.flatMap(task => task.appends);
    const state = (isConditional ? undefined : assumed) ?? statements.toState(await run(statements.read(appends)), appends);
    const decision = decide(tasks.map(task => task.appends), state, conditions.map((condition, i) => condition && {query: condition.query, failed: checked.failed.has(i)}));
    if (decision.events.length === 0)
        return state.isRead ? decision.outcomes(0n) : undefined;
    const [row] = await run(statements.write(decision.events, appends, state, checked.head));
    return row === undefined ? undefined : decision.outcomes(BigInt(row[0] as string));
}

const NOTHING_CHECKED = {failed: new Set<number>(), head: undefined};
