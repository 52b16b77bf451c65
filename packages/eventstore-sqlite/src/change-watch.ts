import type {SQLiteStatement} from '@woltage/sqlite';

/**
 * Tells waiting subscriptions that there may be something new: at once for this connection's commits, by polling SQLite's
 * `data_version` for those of other processes. There is a timer only while somebody waits.
 */
export class ChangeWatch {
    readonly #dataVersion: SQLiteStatement;
    readonly #pollIntervalMs: number;
    readonly #waiting = new Set<() => void>();
    #seen: unknown;
    #timer: NodeJS.Timeout | undefined;

    constructor(dataVersion: SQLiteStatement, pollIntervalMs: number) {
        this.#dataVersion = dataVersion;
        this.#pollIntervalMs = pollIntervalMs;
    }

    /** To be called before reading: changes from then on are noticed. */
    mark(): void {
        if (this.#waiting.size === 0)
            this.#seen = this.#dataVersion.get();
    }

    /** Resolves at the next change, or when the signal aborts. */
    changed(signal: AbortSignal | undefined): Promise<void> {
        return new Promise(resolve => {
            const wake = (): void => {
                this.#waiting.delete(wake);
                signal?.removeEventListener('abort', wake);
                if (this.#waiting.size === 0)
                    this.#stopPolling();
                resolve();
            };
            this.#waiting.add(wake);
            this.#timer ??= setInterval(() => this.#poll(), this.#pollIntervalMs);
            signal?.addEventListener('abort', wake);
            if (signal?.aborted === true)
                wake();
        });
    }

    /** Wakes everybody who waits. */
    notify(): void {
        for (const wake of [...this.#waiting])
            wake();
    }

    #poll(): void {
        const version = this.#dataVersion.get();
        if (version !== this.#seen) {
            this.#seen = version;
            this.notify();
        }
    }

    #stopPolling(): void {
        clearInterval(this.#timer);
        this.#timer = undefined;
    }
}
