import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Server, type Socket} from 'node:net';

/** Where a connection is cut: when so many bytes have come from a client, or when the next answer comes. */
export type Cut = {readonly afterBytes: number} | 'at the answer';

/** Stands between a client and a server on this machine. It can cut connections, and let none through for a while. */
export class BreakingProxy {
    readonly #server: Server;
    readonly #target: number;
    readonly #sockets = new Set<Socket>();
    #cut: Cut | undefined;
    #refusesThen = false;
    #refuses = false;
    #isSilent = false;
    /** How many bytes have come from the server. */
    received = 0;

    private constructor(server: Server, target: number) {
        this.#server = server;
        this.#target = target;
    }

    static async start(target: number): Promise<BreakingProxy> {
        const server = createServer();
        const proxy = new BreakingProxy(server, target);
        server.on('connection', client => proxy.#join(client));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        return proxy;
    }

    get url(): string {
        return `mongodb://127.0.0.1:${(this.#server.address() as AddressInfo).port}/?directConnection=true`;
    }

    /** Cuts all connections at some point from now on. @param refusesThen Whether nobody gets through after that, until {@link accept} */
    cut(cut: Cut, refusesThen: boolean): void {
        this.#cut = cut;
        this.#refusesThen = refusesThen;
    }

    /** Cuts all connections, and lets nobody through. */
    refuse(): void {
        this.#refuses = true;
        this.#cutAll();
    }

    /** Lets everything through that comes from now on. */
    accept(): void {
        this.#cut = undefined;
        this.#refuses = false;
        this.#isSilent = false;
    }

    /** Lets nothing through, without a sign of it. */
    silence(): void {
        this.#isSilent = true;
    }

    async stop(): Promise<void> {
        this.#server.close();
        this.#cutAll();
        await once(this.#server, 'close');
    }

    #join(client: Socket): void {
        if (this.#refuses)
            return void client.destroy();
        const server = connect(this.#target, '127.0.0.1');
        client.on('data', data => this.#fromClient(data, server));
        server.on('data', data => this.#fromServer(data, client));
        for (const [socket, other] of [[client, server], [server, client]] as const) {
            this.#sockets.add(socket);
            // A broken connection is what this is for.
            socket.on('error', () => undefined);
            socket.on('close', () => {
                this.#sockets.delete(socket);
                other.destroySoon();
            });
        }
    }

    #fromClient(data: Buffer, server: Socket): void {
        if (this.#isSilent)
            return;
        const cut = this.#cut;
        if (cut === undefined || cut === 'at the answer')
            return void server.write(data);
        if (data.length < cut.afterBytes) {
            this.#cut = {afterBytes: cut.afterBytes - data.length};
            return void server.write(data);
        }
        this.#refuses = this.#refusesThen;
        server.write(data.subarray(0, cut.afterBytes), () => this.#cutAll());
    }

    #fromServer(data: Buffer, client: Socket): void {
        this.received += data.length;
        if (this.#cut === 'at the answer') {
            this.#refuses = this.#refusesThen;
            this.#cutAll();
        } else if (!this.#isSilent)
            client.write(data);
    }

    #cutAll(): void {
        this.#cut = undefined;
        // What the server has got, it shall carry out.
        this.#sockets.forEach(socket => socket.destroySoon());
    }
}
