type Listener = (...args: unknown[]) => void;

/** What is needed of a client that is handed in: `createClient` and `createCluster` of the `redis` package make such. */
export interface RedisConnectable {
    readonly isOpen: boolean;
    connect(): Promise<unknown>;
    destroy(): void;
    on(event: string, listener: Listener): unknown;
    off(event: string, listener: Listener): unknown;
}

/** What the driver's clients have in common. Commands are sent as they are: what the driver makes of them differs between its versions, and is slower. */
interface AnyClient extends RedisConnectable {
    readonly isReady?: boolean;
    duplicate(overrides?: object): this;
    withCommandOptions(options: object): this;
    subscribe(channel: string, listener: () => void): Promise<void>;
}

export interface SingleClient extends AnyClient {
    sendCommand(args: string[]): Promise<unknown>;
}

export interface ClusterClient extends AnyClient {
    readonly slots: unknown;
    sendCommand(key: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>;
}

export type RedisClient = SingleClient | ClusterClient;

export const isCluster = (client: RedisConnectable): client is ClusterClient => 'slots' in client;

/** A cluster's replicas may lag behind: reads go to the masters, too. */
export const send = (client: RedisClient, key: string | undefined, args: string[]): Promise<unknown> =>
    isCluster(client) ? client.sendCommand(key, false, args) : client.sendCommand(args);
