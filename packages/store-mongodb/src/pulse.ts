import type {MongoClient} from 'mongodb';

/** Knows whether the driver still looks for its servers. */
export class Pulse {
    readonly #client: MongoClient;
    readonly #limitMs: number;
    /** When the heartbeats that are under way began, by server. */
    readonly #began = new Map<string, number>();

    /** @param limitMs Longer than any heartbeat takes */
    constructor(client: MongoClient, limitMs: number) {
        this.#client = client;
        this.#limitMs = limitMs;
        client.on('serverHeartbeatStarted', this.#onStart);
        client.on('serverHeartbeatSucceeded', this.#onEnd);
        client.on('serverHeartbeatFailed', this.#onEnd);
    }

    isStuck(): boolean {
        return Array.from(this.#began.values()).some(began => performance.now() - began > this.#limitMs);
    }

    end(): void {
        this.#client.off('serverHeartbeatStarted', this.#onStart);
        this.#client.off('serverHeartbeatSucceeded', this.#onEnd);
        this.#client.off('serverHeartbeatFailed', this.#onEnd);
    }

    readonly #onStart = ({connectionId}: {readonly connectionId: string}): void => void this.#began.set(connectionId, performance.now());
    readonly #onEnd = ({connectionId}: {readonly connectionId: string}): void => void this.#began.delete(connectionId);
}
