/**
 * Iterates with read-ahead: the next item is asked for while the current one is handled. An error of the source is thrown at
 * the place where its item would have come.
 *
 * @param end Must make a source that is waiting for its next item finish: called when the consumer stops early
 */
export async function* readAhead<T>(source: AsyncIterable<T>, end: () => void): AsyncGenerator<T, void, undefined> {
    const iterator = source[Symbol.asyncIterator]();
    const next = (): Promise<{readonly result: IteratorResult<T>} | {readonly error: unknown}> =>
        iterator.next().then(result => ({result}), (error: unknown) => ({error}));
    let ahead = next();
    try {
        for (;;) {
            const outcome = await ahead;
            if ('error' in outcome)
                throw outcome.error;
            if (outcome.result.done === true)
                return;
            ahead = next();
            yield outcome.result.value;
        }
    } finally {
        end();
        await iterator.return?.();
    }
}
