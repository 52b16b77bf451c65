/** The names of a read model's query handlers. */
export type QueryHandlerName<T> = {
    [Name in keyof T]: T[Name] extends (...args: never[]) => unknown ? Name : never
}[keyof T] & string;
/** What a handler takes and gives. */
export type HandlerOf<T, Name extends keyof T> = T[Name] extends (...args: infer Args) => infer Result
    ? {readonly query: Args extends readonly [] ? unknown : Args[0]; readonly result: Awaited<Result>}
    : never;

export interface QueryOptions {
    /** Waits until the active version has handled everything up to this position: pass a command's to read your own writes. */
    readonly after?: bigint | undefined;
    /** How long to wait for `after`, in ms. @default 5000 */
    readonly timeoutMs?: number | undefined;
}
