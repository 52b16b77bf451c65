/** Settles as `promise` does, or rejects with what `late` gives when it has not settled within `ms`. */
export function within<R>(ms: number, promise: Promise<R>, late: () => unknown): Promise<R> {
    return new Promise((resolve, reject) => {
        // After a long pause of this process timers come first: what has arrived in the meantime gets its chance.
        let immediate: NodeJS.Immediate | undefined;
        const timer = setTimeout(() => immediate = setImmediate(() => reject(late())), ms);
        const clear = (): void => {
            clearTimeout(timer);
            clearImmediate(immediate);
        };
        promise.then(value => {
            clear();
            resolve(value);
        }, (error: unknown) => {
            clear();
            reject(error);
        });
    });
}
