import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import streamsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import multiStreamService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_grpc_pb.js';
import {Server, ServerCredentials, status, type sendUnaryData, type ServerWritableStream, type ServiceDefinition} from '@grpc/grpc-js';
import {append, batchAppend, type Write} from './append.ts';
import {deleteStream, tombstone} from './delete.ts';
import {EventLog} from './event-log.ts';
import {appendSession} from './multi-append.ts';
import {read, type ReadCall} from './read.ts';

export interface ServerOptions {
    /** What the server says that it is; from 25.1 on it appends to several streams at once. @default '26.1.0' */
    readonly version?: string | undefined;
    /** For a server that is started anew with what it had. */
    readonly log?: EventLog | undefined;
    /** For TLS. @default a connection without */
    readonly credentials?: ServerCredentials | undefined;
    /** The one user that there is, as `name:password`; without it everybody may do everything. */
    readonly user?: string | undefined;
}

const V1 = 'event_store.client.streams.streams';

/** A KurrentDB node in this process: the real protocol over a real connection, with a log in memory that outlives {@link kill}. */
export class KurrentDBServer {
    readonly log: EventLog;
    readonly #version: string;
    readonly #credentials: ServerCredentials;
    readonly #user: string | undefined;
    #server: Server | undefined;
    #port = 0;
    /** Called with each append before it is carried out; for faults. */
    onAppend: ((carryOut: () => void) => Promise<void>) | undefined;
    /** Called with each read before it is answered. */
    onRead: (() => Promise<void>) | undefined;

    constructor({version = '26.1.0', log = new EventLog(), credentials = ServerCredentials.createInsecure(), user}: ServerOptions = {}) {
        this.#user = user;
        this.#version = version;
        this.log = log;
        this.#credentials = credentials;
    }

    static async start(options?: ServerOptions): Promise<KurrentDBServer> {
        const server = new KurrentDBServer(options);
        await server.start();
        return server;
    }

    get port(): number {
        return this.#port;
    }

    get url(): string {
        return `kurrentdb://127.0.0.1:${this.#port}?tls=false`;
    }

    /** Starts it (again), on the port that it had, with the data that it had. */
    async start(): Promise<void> {
        const server = this.#server = new Server({'grpc.max_receive_message_length': 17 * 1024 * 1024});
        const write: Write = one => this.#append(one);
        const maxAppendSize = this.#hasMultiStreamAppend ? 256 * 1024 * 1024 : 1024 * 1024;
        this.#add(streamsService.StreamsService, {
            read: call => void this.#read(call as ReadCall),
            append: (call, callback) => append(write, call as never, callback),
            batchAppend: call => batchAppend(write, maxAppendSize, call as never),
            delete: (call, callback) => deleteStream(this.log, call as never, callback),
            tombstone: (call, callback) => tombstone(this.log, call as never, callback)
        });
        if (this.#hasMultiStreamAppend)
            this.#add(multiStreamService.StreamsServiceService, {appendSession: (call, callback) => appendSession(this.log, call as never, callback)});
        // Open to everybody: the client asks without credentials.
        server.addService(featuresService.ServerFeaturesService, {getSupportedMethods: (_call: unknown, callback: sendUnaryData<unknown>) => callback(null, this.#features())});
        this.#port = await new Promise<number>((resolve, reject) =>
            server.bindAsync(`127.0.0.1:${this.#port}`, this.#credentials, (error, port) => error === null ? resolve(port) : reject(error)));
    }

    /** Ends it at once, as a crash does. */
    async kill(): Promise<void> {
        this.#server?.forceShutdown();
        this.#server = undefined;
        this.log.forget();
    }

    stop(): Promise<void> {
        return this.kill();
    }

    get #hasMultiStreamAppend(): boolean {
        const [major = 0, minor = 0] = this.#version.split('.').map(Number);
        return major > 25 || major === 25 && minor >= 1;
    }

    async #append(write: Parameters<Write>[0]): ReturnType<Write> {
        let outcome: Awaited<ReturnType<Write>> | undefined;
        const carryOut = (): void => {
            const result = this.log.append([write]);
            outcome = 'kind' in result ? result : result[0];
        };
        await this.onAppend?.(carryOut);
        if (outcome === undefined)
            carryOut();
        return outcome as Awaited<ReturnType<Write>>;
    }

    async #read(call: ReadCall): Promise<void> {
        await this.onRead?.();
        // One that has gone away has its own error.
        await read(this.log, call).catch(() => undefined);
    }

    #add(service: unknown, handlers: Handlers): void {
        const guarded = Object.entries(handlers).map(([name, handle]) => [name, (call: Call, callback?: Callback) => {
            if (this.#isAllowed(call))
                handle(call, callback as Callback);
            else if (callback === undefined)
                call.emit('error', unauthenticated);
            else
                callback(unauthenticated);
        }] as const);
        this.#server?.addService(service as ServiceDefinition, Object.fromEntries(guarded));
    }

    #isAllowed({metadata}: Call): boolean {
        return this.#user === undefined || metadata.get('authorization')[0] === `Basic ${Buffer.from(this.#user).toString('base64')}`;
    }

    #features(): InstanceType<typeof features.SupportedMethods> {
        const message = new features.SupportedMethods();
        message.setEventStoreServerVersion(this.#version);
        const methods = ['read', 'append', 'batchappend', 'delete', 'tombstone'].map(method => [V1, method]);
        if (this.#hasMultiStreamAppend)
            methods.push(['kurrentdb.protocol.v2.streams.streamsservice', 'appendsession']);
        message.setMethodsList(methods.map(([service = '', method = '']) => {
            const one = new features.SupportedMethod();
            one.setServiceName(service);
            one.setMethodName(method);
            return one;
        }));
        return message;
    }
}

type Call = Pick<ServerWritableStream<unknown, unknown>, 'metadata' | 'emit'>;
type Callback = (error: unknown, value?: unknown) => void;
type Handlers = Readonly<Record<string, (call: Call, callback: Callback) => void>>;

const unauthenticated = {code: status.UNAUTHENTICATED, details: 'Unauthenticated'};
