import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Server, type Socket} from 'node:net';

/** Stands between a client and a server on this machine, and gets in their way. */
export class TcpProxy {
    readonly #server: Server;
    readonly #pairs = new Set<readonly [client: Socket, server: Socket]>();
    readonly #target: number;
    #isSilent = false;
    #cutAfter: number | undefined;
    #swallows = false;
    #received = 0;

    private constructor(server: Server, target: number) {
        this.#server = server;
        this.#target = target;
    }

    static async start(target: number): Promise<TcpProxy> {
        const server = createServer();
        const proxy = new TcpProxy(server, target);
        server.on('connection', client => proxy.#join(client));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        return proxy;
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    /** How many bytes have come from the server. */
    get received(): number {
        return this.#received;
    }

    /** Cuts all connections when so many bytes more have come from a client, or at once. What came before reaches the server. */
    cut(afterBytes = 0): void {
        this.#cutAfter = afterBytes;
        if (afterBytes === 0)
            this.#cutAll();
    }

    /** Cuts all connections when the next answer comes, which no client gets to see. */
    cutAnswer(): void {
        this.#swallows = true;
    }

    /** Lets nothing through any more in either direction, without a sign of it. */
    silence(): void {
        this.#isSilent = true;
    }

    /** Lets through what comes from now on. */
    speak(): void {
        this.#isSilent = false;
    }

    async stop(): Promise<void> {
        this.#server.close();
        this.#cutAll();
        await once(this.#server, 'close');
    }

    #join(client: Socket): void {
        const server = connect(this.#target, '127.0.0.1');
        const pair = [client, server] as const;
        this.#pairs.add(pair);
        client.on('data', data => this.#fromClient(data, server));
        server.on('data', data => {
            this.#received += data.length;
            if (this.#swallows)
                this.#cutAll();
            else if (!this.#isSilent)
                client.write(data);
        });
        for (const [socket, other] of [pair, [server, client]] as const) {
            // A broken connection is what this is for.
            socket.on('error', () => undefined);
            socket.on('close', () => {
                this.#pairs.delete(pair);
                other.destroy();
            });
        }
    }

    #fromClient(data: Buffer, server: Socket): void {
        if (this.#isSilent)
            return;
        if (this.#cutAfter === undefined || data.length < this.#cutAfter) {
            this.#cutAfter = this.#cutAfter === undefined ? undefined : this.#cutAfter - data.length;
            server.write(data);
            return;
        }
        server.write(data.subarray(0, this.#cutAfter), () => this.#cutAll());
    }

    #cutAll(): void {
        this.#cutAfter = undefined;
        this.#swallows = false;
        for (const [client, server] of this.#pairs) {
            client.destroy();
            // What the server has got, it shall carry out.
            server.end();
        }
        this.#pairs.clear();
    }
}
