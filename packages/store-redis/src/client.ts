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
    subscribe(channel: string, listener: () => void): Promise<void>;
}

export interface SingleClient extends AnyClient {
    sendCommand(args: string[], options: object): Promise<unknown>;
}

export interface ClusterClient extends AnyClient {
    readonly slots: unknown;
    sendCommand(key: string | undefined, isReadonly: boolean, args: string[], options: object): Promise<unknown>;
}

export type RedisClient = SingleClient | ClusterClient;

export const isCluster = (client: RedisConnectable): client is ClusterClient => 'slots' in client;

/** Whatever a client that was handed in is set to; the driver's own time limit makes each command slow. */
const COMMAND_OPTIONS = {timeout: 0, typeMapping: {}};

/** A cluster's replicas may lag behind: reads go to the masters, too. */
export const send = (client: RedisClient, key: string | undefined, args: string[]): Promise<unknown> =>
    isCluster(client) ? client.sendCommand(key, false, args, COMMAND_OPTIONS) : client.sendCommand(args, COMMAND_OPTIONS);
