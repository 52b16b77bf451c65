/** Settles as `promise` does, or rejects with what `late` gives when it has not settled within `ms`. */
export function within<R>(ms: number, promise: Promise<R>, late: () => unknown): Promise<R> {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(late()), ms);
        promise.finally(() => clearTimeout(timer)).then(resolve, reject);
    });
}

const LONGEST_PAUSE_MS = 2000;

/** Twice as long each time, and a little different for each process, so that they don't all come back at once. */
export const backoffMs = (attempt: number): number => Math.min(25 * 2 ** Math.min(attempt, 10), LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
