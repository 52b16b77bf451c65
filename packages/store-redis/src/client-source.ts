import {createClient} from 'redis';
import {ConfigError} from 'woltage';
import {isCluster, type RedisClient, type SingleClient} from './client.ts';
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
    let first: SingleClient | undefined;
    const create = (isPatient: () => boolean, disableOfflineQueue: boolean): SingleClient => {
        first ??= make(options, timeoutMs);
        return first.duplicate({disableOfflineQueue, socket: {...socketOptions(options, timeoutMs), reconnectStrategy: (retries: number) => isPatient() && backoffMs(retries)}});
    };
    return {
        isGiven: false,
        // Calls that wait in the driver's own queue could be carried out long after they were reported as failed.
        create: isPatient => create(isPatient, true),
        createSubscriber: isPatient => create(isPatient, false)
    };
}

/** Never connected, but duplicated: for each client that isn't a duplicate, the driver makes a class with all its commands, which takes longer than many a commit. */
function make(options: RedisStoreOptions, timeoutMs: number): SingleClient {
    const {url, clientOptions = {}} = options;
    try {
        return createClient({...clientOptions, ...url === undefined ? {} : {url}, commandOptions: {timeout: 0}, socket: socketOptions(options, timeoutMs)});
    } catch (error) {
        throw new ConfigError(`The Redis store: the driver refuses its options: ${(error as Error).message}`, {code: 'REDIS_OPTIONS', cause: error});
    }
}

/** The driver adds to them what the URL says. */
const socketOptions = ({clientOptions = {}}: RedisStoreOptions, timeoutMs: number): object => ({connectTimeout: timeoutMs, ...clientOptions.socket});

/** Twice as long each time, and a little different for each process, so that they don't all come back at once. */
const backoffMs = (retries: number): number => Math.min(50 * 2 ** retries, MAX_BACKOFF_MS) * (0.75 + Math.random() / 2);
