import {createClient} from 'redis';
import {ConfigError} from 'woltage';
import {isCluster, type RedisClient} from './client.ts';
import type {RedisStoreOptions} from './options.ts';

const MAX_BACKOFF_MS = 2000;

/** Where a store's clients come from. */
export interface ClientSource {
    /** Whether the client was handed in: it is used, and never replaced. */
    readonly isGiven: boolean;
    /** The client for commands, not connected yet where it is the store's own. One that `isPatient` goes on trying to connect; another one gives up at once. */
    create(isPatient: () => boolean): RedisClient;
    /** A client for subscriptions, not connected yet. */
    createSubscriber(isPatient: () => boolean): RedisClient;
}

export function clientSource(options: RedisStoreOptions, timeoutMs: number): ClientSource {
    const given = options.client as RedisClient | undefined;
    if (given !== undefined)
        return {isGiven: true, create: () => given, createSubscriber: () => given.duplicate(isCluster(given) ? {} : {disableOfflineQueue: false})};
    const create = (isPatient: () => boolean, disableOfflineQueue: boolean): RedisClient => make(options, timeoutMs, isPatient, disableOfflineQueue);
    return {
        isGiven: false,
        // Calls that wait in the driver's own queue could be carried out long after they were reported as failed.
        create: isPatient => create(isPatient, true),
        createSubscriber: isPatient => create(isPatient, false)
    };
}

function make({url, clientOptions = {}}: RedisStoreOptions, timeoutMs: number, isPatient: () => boolean, disableOfflineQueue: boolean): RedisClient {
    const reconnectStrategy = (retries: number): number | false => isPatient() && backoffMs(retries);
    try {
        return createClient({
            ...clientOptions,
            ...url === undefined ? {} : {url},
            disableOfflineQueue,
            commandOptions: {timeout: 0},
            socket: {connectTimeout: timeoutMs, ...clientOptions.socket, reconnectStrategy} as object
        });
    } catch (error) {
        throw new ConfigError(`The Redis store: the driver refuses its options: ${(error as Error).message}`, {code: 'REDIS_OPTIONS', cause: error});
    }
}

/** Twice as long each time, and a little different for each process, so that they don't all come back at once. */
const backoffMs = (retries: number): number => Math.min(50 * 2 ** retries, MAX_BACKOFF_MS) * (0.75 + Math.random() / 2);
