import {delay} from '../../shared/delay.ts';
import type {TaskQueue} from '../../tasks/index.ts';

/** So many tasks of an action may be open before what triggers it is left where it is. */
export const MAX_OPEN = 2000;
const FULL_PAUSE_MS = 100;

/** Waits until a queue has room. @throws the signal's reason when it aborts */
export async function roomIn(queue: TaskQueue, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && await queue.isFull(MAX_OPEN))
        await delay(FULL_PAUSE_MS, signal);
    signal.throwIfAborted();
}
