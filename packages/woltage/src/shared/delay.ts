/** What a timer can wait for at most, in ms: 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves after some ms, 24 days at most, or at once when the signal aborts. Leaves no timer behind. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
        if (signal?.aborted === true) {
            resolve();
            return;
        }
        const finish = (): void => {
            clearTimeout(timer);
            signal?.removeEventListener('abort', finish);
            resolve();
        };
        const timer = setTimeout(finish, Math.min(ms, MAX_TIMER_MS));
        signal?.addEventListener('abort', finish);
    });
}

/** Exponential backoff with full jitter on the upper half: `base * 2^attempt` ms, at most `max`. @param chance From 0 to 1 */
export function backoffMs(attempt: number, base: number, max: number, chance = Math.random()): number {
    const full = Math.min(max, base * 2 ** Math.min(attempt, 30));
    return full / 2 + chance * full / 2;
}
