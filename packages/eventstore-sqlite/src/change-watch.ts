import type {SQLiteStatement} from '@woltage/sqlite';

/**
 * Tells subscriptions that there may be something new: at once for this connection's commits, by polling SQLite's
 * `data_version` for those of other processes. There is a timer only while somebody waits.
 */
export class ChangeWatch {
    readonly #dataVersion: SQLiteStatement;
    readonly #pollIntervalMs: number;
    readonly #waiting = new Set<() => void>();
    #seen: number | undefined;
    #changes = 0;
    #timer: NodeJS.Timeout | undefined;

    /** @param dataVersion `PRAGMA data_version`, which changes with commits of other connections only, in raw mode */
    constructor(dataVersion: SQLiteStatement, pollIntervalMs: number) {
        this.#dataVersion = dataVersion;
        this.#pollIntervalMs = pollIntervalMs;
    }

    /** To be called before reading. What changes from then on makes `changed` with this mark resolve. */
    mark(): number {
        this.#look();
        return this.#changes;
    }

    /** Resolves when something has changed since the mark, or when the signal aborts. */
    changed(mark: number, signal: AbortSignal): Promise<void> {
        if (mark !== this.#changes || signal.aborted)
            return Promise.resolve();
        return new Promise(resolve => {
            const wake = (): void => {
                this.#waiting.delete(wake);
                signal.removeEventListener('abort', wake);
                if (this.#waiting.size === 0)
                    this.#stopPolling();
                resolve();
            };
            this.#waiting.add(wake);
            signal.addEventListener('abort', wake);
            this.#timer ??= setInterval(() => this.#poll(), this.#pollIntervalMs);
        });
    }

    /** Wakes everybody who waits. */
    notify(): void {
        this.#changes++;
        for (const wake of [...this.#waiting])
            wake();
    }

    #look(): void {
        const [version] = this.#dataVersion.get() as readonly [number];
        if (version !== this.#seen) {
            this.#seen = version;
            this.notify();
        }
    }

    #poll(): void {
        try {
            this.#look();
        } catch {
            // Nobody could catch it here. Those who wait read again, and meet the error where they can.
            this.notify();
        }
    }

    #stopPolling(): void {
        clearInterval(this.#timer);
        this.#timer = undefined;
    }
}
