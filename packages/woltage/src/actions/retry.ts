/** How often and how long an action is tried. */
export interface ActionRetry {
    /** @default 10, or without a limit where there is `timeoutMs` */
    readonly maxAttempts?: number | undefined;
    /** How long it is tried in all, from the moment when it was due, in ms. @default without a limit */
    readonly timeoutMs?: number | undefined;
    /** The longest that one attempt may take, in ms. @default 60000 */
    readonly attemptTimeoutMs?: number | undefined;
    /** Before the second attempt, in ms; it doubles each time, with jitter. @default 1000 */
    readonly backoffMs?: number | undefined;
    /** The longest pause, in ms. @default 300000 */
    readonly maxBackoffMs?: number | undefined;
}
