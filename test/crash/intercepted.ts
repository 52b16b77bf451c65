import type {AdapterConfig, SubscriptionBatch} from 'woltage';

/** Stands before and after each call of an adapter; what it throws is the call's error, with or without the call's effect. */
export interface Interceptor {
    before?(call: string): void | Promise<void>;
    after?(call: string): void | Promise<void>;
    /** Rejects when subscriptions end; never resolves. */
    readonly interrupted?: Promise<never> | undefined;
}

const CALLS = new Set([
    'connect', 'commit', 'getRecords', 'listRecords', 'getRows', 'findRows', 'countRows', 'createTables', 'dropTables', 'append', 'appendAll', 'getLatestPosition'
]);

/** The same adapter with an interceptor around its calls, those of its scopes included. `close` is let through. */
export function intercepted<T extends object>({adapter, args = []}: AdapterConfig<T>, interceptor: Interceptor): AdapterConfig<T> {
    // A constructor may return another object than its own: it is the adapter then.
    function Intercepted(): T {
        return wrap(new adapter(...args as never[]), interceptor);
    }
    return {adapter: Intercepted as unknown as new () => T};
}

type Method = (...args: unknown[]) => unknown;

function wrap<T extends object>(adapter: T, interceptor: Interceptor): T {
    return new Proxy(adapter, {
        get(target, name): unknown {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== 'function')
                return value;
            const method = value.bind(target) as Method;
            if (name === 'scope')
                return (...args: unknown[]) => wrap(method(...args) as object, interceptor);
            if (name === 'subscribe')
                return (...args: unknown[]) => follow(method(...args) as AsyncIterable<SubscriptionBatch>, interceptor);
            if (name === 'read')
                return (...args: unknown[]) => follow(method(...args) as AsyncIterable<unknown>, {...interceptor, before: () => interceptor.before?.('read'), after: () => interceptor.after?.('read'), interrupted: undefined});
            return CALLS.has(String(name)) ? around(String(name), method, interceptor) : method;
        }
    });
}

const around = (call: string, method: Method, interceptor: Interceptor) => async (...args: unknown[]) => {
    await interceptor.before?.(call);
    const result = await method(...args);
    await interceptor.after?.(call);
    return result;
};

async function* follow<R>(iterable: AsyncIterable<R>, interceptor: Interceptor): AsyncGenerator<R, void> {
    const iterator = iterable[Symbol.asyncIterator]();
    try {
        for (; ;) {
            await interceptor.before?.('next');
            const next = iterator.next();
            const {done, value} = await (interceptor.interrupted === undefined ? next : Promise.race([next, interceptor.interrupted]));
            await interceptor.after?.('next');
            if (done === true)
                return;
            yield value;
        }
    } finally {
        await iterator.return?.();
    }
}
