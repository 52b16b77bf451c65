/** What a call gives; the signal's reason as soon as that aborts, whatever becomes of the call. Leaves nothing at the signal. */
export function unlessAborted<R>(signal: AbortSignal, call: () => Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const abort = (): void => reject(signal.reason as Error);
        signal.addEventListener('abort', abort);
        call().then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
}
