import type {Transaction} from '@woltage/postgres';
import type {AppendStatements} from './append-statements.ts';
import {decide, type Outcome} from './decide.ts';
import type {EncodedAppend} from './encode.ts';
import type {StreamState} from './streams.ts';

/**
 * One attempt to append.
 *
 * @param tasks Each is all or nothing
 * @param assumed What to start from; left out: it is read
 * @returns `undefined` when the streams are not as assumed, or not any more; nothing is written then
 */
export async function attempt(
    run: Transaction['run'], statements: AppendStatements, tasks: readonly (readonly EncodedAppend[])[], assumed: StreamState | undefined
): Promise<readonly Outcome[] | undefined> {
    const appends = tasks.flat();
    const state = assumed ?? statements.toState(await run(statements.read(appends)), appends);
    const decision = decide(tasks, state);
    if (decision.events.length === 0)
        return state.isRead ? decision.outcomes(0n) : undefined;
    const [row] = await run(statements.write(decision.events, appends, state));
    return row === undefined ? undefined : decision.outcomes(BigInt(row[0] as string));
}
