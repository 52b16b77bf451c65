import {once} from 'node:events';
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {Commands} from './commands.ts';
import {Data} from './database.ts';
import {CommandError} from './errors.ts';
import {gossip, hello, type Topology} from './hello.ts';
import {Scram} from './scram.ts';
import {onMessages, type Doc, type Message} from './wire.ts';

export interface InProcessOptions {
    /** @default 'replicaSet' */
    readonly topology?: Topology;
    /** Who is let in. @default everybody */
    readonly user?: {readonly name: string; readonly password: string};
    /** What another server has kept. @default nothing */
    readonly data?: Data;
}

const GREETINGS: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster']);

/**
 * A MongoDB server of this process, on a free port: it speaks the wire protocol to the real driver, keeps its data in memory, and knows transactions with write
 * conflicts. For machines where no real one can be had. Its meaning of filters and orders is written down from the manual, independently of the store.
 */
export class InProcessMongoDB {
    readonly #options: InProcessOptions;
    readonly data: Data;
    readonly #sockets = new Set<Socket>();
    #commands: Commands;
    #server: Server | undefined;
    #port = 0;
    #drops: {readonly command: string; readonly isExecuted: boolean}[] = [];
    /** Is told of every command, before it is carried out. */
    onCommand: ((name: string, command: Doc) => void | Promise<void>) | undefined;

    private constructor(options: InProcessOptions) {
        this.#options = options;
        this.data = options.data ?? new Data();
        this.#commands = new Commands(this.data);
    }

    static async start(options: InProcessOptions = {}): Promise<InProcessMongoDB> {
        const server = new InProcessMongoDB(options);
        await server.start();
        return server;
    }

    get #topology(): Topology {
        return this.#options.topology ?? 'replicaSet';
    }

    get port(): number {
        return this.#port;
    }

    get url(): string {
        const {user} = this.#options;
        return `mongodb://${user === undefined ? '' : `${user.name}:${user.password}@`}127.0.0.1:${this.#port}/?directConnection=true`;
    }

    /** Called before each single write, see {@link Data.beforeWrite}. */
    set beforeWrite(call: (() => void | Promise<void>) | undefined) {
        this.data.beforeWrite = call;
    }

    /** How many cursors clients have left open. */
    get openCursors(): number {
        return this.#commands.cursors.size;
    }

    /** Starts it (again), with the data that it had. */
    async start(): Promise<void> {
        const server = createServer(socket => this.#join(socket));
        server.listen(this.#port, '127.0.0.1');
        await once(server, 'listening');
        this.#server = server;
        this.#port = (server.address() as AddressInfo).port;
    }

    /** Ends it at once, as a crash does: what was not committed is gone. */
    async kill(): Promise<void> {
        const server = this.#server;
        this.#server = undefined;
        if (server === undefined)
            return;
        const closed = once(server, 'close');
        server.close();
        this.#sockets.forEach(socket => socket.destroy());
        this.data.sessions.abortAll();
        this.#commands = new Commands(this.data);
        await closed;
    }

    async stop(): Promise<void> {
        await this.kill();
    }

    /** Drops the connection at the next such command, either before it is carried out, or after it, without an answer. */
    dropAt(command: string, isExecuted: boolean): void {
        this.#drops.push({command, isExecuted});
    }

    #join(socket: Socket): void {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        // A broken connection is the client's business.
        socket.on('error', () => undefined);
        socket.on('close', () => this.#sockets.delete(socket));
        const {user} = this.#options;
        const scram = user === undefined ? undefined : new Scram(user.name, user.password);
        let isMine = true;
        socket.on('close', () => isMine = false);
        onMessages(socket, message => void this.#serve(message, socket, scram, () => isMine));
    }

    async #serve({command, reply}: Message, socket: Socket, scram: Scram | undefined, isOpen: () => boolean): Promise<void> {
        const name = Object.keys(command)[0] ?? '';
        const drop = this.#drops.findIndex(({command: wanted}) => wanted === name);
        const dropping = drop === -1 ? undefined : this.#drops.splice(drop, 1)[0];
        try {
            await this.onCommand?.(name, command);
            // A server that was killed meanwhile carries out nothing.
            if (!isOpen() || dropping?.isExecuted === false)
                return void socket.destroy();
            const answer = await this.#answer(name, command, scram);
            if (dropping !== undefined)
                return void socket.destroy();
            reply({...answer, ...gossip(this.#topology)});
        } catch (error) {
            reply(error instanceof CommandError ? error.reply : new CommandError(1, 'InternalError', String((error as Error).stack)).reply);
        }
    }

    async #answer(name: string, command: Doc, scram: Scram | undefined): Promise<Doc> {
        if (GREETINGS.has(name))
            return hello(this.#topology, this.#port);
        if (scram !== undefined && name === 'saslStart')
            return scram.start(command);
        if (scram !== undefined && name === 'saslContinue')
            return scram.continue(command);
        if (scram?.isDone === false)
            throw new CommandError(13, 'Unauthorized', `Command ${name} requires authentication`);
        if (this.#topology === 'standalone' && command['txnNumber'] !== undefined)
            throw new CommandError(20, 'IllegalOperation', 'Transaction numbers are only allowed on a replica set member or mongos');
        return this.#commands.run(name, command);
    }
}
