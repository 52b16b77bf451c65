import {once} from 'node:events';
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {ClusterState} from './cluster-state.ts';
import {API, VERSIONS, type ApiName} from './codes.ts';
import {apiVersions, handlers, maxVersion, type Answer, type Request} from './handle.ts';
import type {LoggedMessage} from './partition-log.ts';
import {Reader, Writer} from './wire.ts';

export interface KafkaServerOptions {
    /** Whether clients' asking for a topic creates it. @default true */
    readonly autoCreate?: boolean;
    /** How many partitions such a topic has. @default 1 */
    readonly partitions?: number;
    /** The greatest size of a batch of records. @default 1048588 */
    readonly maxBytes?: number;
    /** Speaks the protocol as Kafka 2.7 did, where topics have no ids yet. @default false */
    readonly isOld?: boolean;
}

/** What happens to the next requests of a kind. */
type Fault = {readonly kind: 'answer'; readonly code: number} | {readonly kind: 'lose request' | 'lose answer'} | {readonly kind: 'delay'; readonly ms: number};

const names = new Map<number, ApiName>(Object.entries(API).map(([name, key]) => [key, name as ApiName]));

/**
 * One Kafka broker in this process, on loopback: real connections, real frames, record batches as the client packed them. Everything is in memory and stays there
 * while it is stopped, so that `stop` and `start` are a broker that is away for a while.
 */
export class KafkaServer {
    readonly state = new ClusterState();
    readonly #options: Required<KafkaServerOptions>;
    readonly #faults = new Map<ApiName, Fault[]>();
    readonly #sockets = new Set<Socket>();
    /** How many requests of each kind have come. */
    readonly requests = new Map<ApiName, number>();
    #server: Server | undefined;
    #port = 0;

    constructor(options: KafkaServerOptions = {}) {
        this.#options = {autoCreate: true, partitions: 1, maxBytes: 1_048_588, isOld: false, ...options};
    }

    static async start(options?: KafkaServerOptions): Promise<KafkaServer> {
        const server = new KafkaServer(options);
        await server.start();
        return server;
    }

    get address(): string {
        return `127.0.0.1:${this.#port}`;
    }

    get connections(): number {
        return this.#sockets.size;
    }

    /** Listens, at the same port as before. */
    async start(): Promise<void> {
        const server = this.#server = createServer(socket => this.#serve(socket));
        server.listen(this.#port, '127.0.0.1');
        await once(server, 'listening');
        this.#port = (server.address() as AddressInfo).port;
    }

    /** Ends all connections, and refuses new ones. */
    async stop(): Promise<void> {
        const server = this.#server;
        if (server === undefined)
            return;
        this.#server = undefined;
        server.close();
        this.cut();
        await once(server, 'close');
        this.state.forgetMembers();
    }

    async close(): Promise<void> {
        await this.stop();
        this.state.close();
    }

    /** Ends all connections at once. */
    cut(): void {
        for (const socket of this.#sockets)
            socket.resetAndDestroy();
    }

    createTopic(name: string, partitions: number): void {
        this.state.createTopic(name, partitions);
    }

    /** Adds a fault for the next request of a kind that has none yet. */
    fail(api: ApiName, ...faults: readonly Fault[]): void {
        this.#faults.set(api, [...this.#faults.get(api) ?? [], ...faults]);
    }

    /** Forgets the faults that have not come about yet. */
    forgive(): void {
        this.#faults.clear();
    }

    messages(topic: string, partition?: number): LoggedMessage[] {
        const logs = this.state.topics.get(topic) ?? [];
        return (partition === undefined ? logs : logs.slice(partition, partition + 1)).flatMap(log => log.messages);
    }

    #serve(socket: Socket): void {
        const gone = new AbortController();
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => undefined);
        socket.once('close', () => {
            this.#sockets.delete(socket);
            gone.abort();
        });
        let pending = Buffer.alloc(0);
        // As in Kafka, a connection's requests are carried out one by one.
        let turn = Promise.resolve();
        socket.on('data', chunk => {
            pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
            while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE()) {
                const frame = pending.subarray(4, 4 + pending.readInt32BE());
                pending = pending.subarray(4 + frame.length);
                turn = turn.then(() => this.#answer(socket, frame, gone.signal)).catch(() => void socket.destroy());
            }
        });
    }

    async #answer(socket: Socket, frame: Buffer, gone: AbortSignal): Promise<void> {
        const {name, version, correlation, clientId, header} = readHead(frame);
        this.requests.set(name, (this.requests.get(name) ?? 0) + 1);
        const {delayMs, injected, losesRequest, losesAnswer} = effectOf(gone.aborted ? undefined : this.#faults.get(name)?.shift());
        if (delayMs > 0)
            await new Promise(resolve => setTimeout(resolve, delayMs));
        const isFlexible = version >= VERSIONS[name].flexible;
        const reader = header.as(isFlexible);
        reader.tags();
        const body = losesRequest ? undefined : await this.#carryOut(name, {version, isFlexible, clientId, reader, gone, injected});
        if (losesRequest || losesAnswer)
            socket.destroy();
        else
            send(socket, correlation, isFlexible && name !== 'apiVersions', body);
    }

    async #carryOut(name: ApiName, request: Omit<Request, 'state' | 'settings'>): Promise<Answer> {
        const whole: Request = {...request, state: this.state, settings: {...this.#options, port: this.#port}};
        if (name === 'apiVersions')
            return apiVersions(whole);
        const {min} = VERSIONS[name];
        const max = maxVersion(name, this.#options.isOld);
        if (request.version < min || request.version > max)
            throw new Error(`${name} is spoken in versions ${min} to ${max} here, not ${request.version}.`);
        return handlers[name](whole);
    }
}

const effectOf = (fault: Fault | undefined) => ({
    delayMs: fault?.kind === 'delay' ? fault.ms : 0,
    injected: fault?.kind === 'answer' ? fault.code : 0,
    losesRequest: fault?.kind === 'lose request',
    losesAnswer: fault?.kind === 'lose answer'
});

function readHead(frame: Buffer) {
    const header = new Reader(frame);
    const key = header.int16();
    const version = header.int16();
    const correlation = header.int32();
    const clientId = header.nullableString() ?? '';
    const name = names.get(key);
    if (name === undefined)
        throw new Error(`There is no API ${key} here.`);
    return {name, version, correlation, clientId, header};
}

function send(socket: Socket, correlation: number, hasTags: boolean, body: Answer): void {
    if (body === undefined || socket.destroyed)
        return;
    const head = new Writer(hasTags).int32(correlation).tags().buffer;
    const length = Buffer.alloc(4);
    length.writeInt32BE(head.length + body.buffer.length);
    socket.write(Buffer.concat([length, head, body.buffer]));
}
