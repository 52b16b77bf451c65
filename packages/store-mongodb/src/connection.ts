import {MongoClient, MongoServerSelectionError, type Db} from 'mongodb';
import {ConfigError, UnavailableError, within, type Logger} from 'woltage';
import {credentialsRefused, isAboutCredentials, messageOf, noAnswer, storeError, unreachable} from './mongodb-error.ts';
import {checkOptions, databaseName, serverName, type MongoDBStoreOptions} from './options.ts';
import {Pulse} from './pulse.ts';
import {watchTrouble} from './trouble.ts';

const DEFAULT_HEARTBEAT_MS = 10_000;
const MIN_HEARTBEAT_MS = 500;
/** How many times the time limit of one answer all that belongs to a call may take. */
const PATIENCE = 10;

/** The servers, while they are connected. */
export interface Link {
    readonly client: MongoClient;
    readonly database: Db;
    /** Whether several documents can be written in one transaction: by replica sets and sharded clusters. */
    readonly hasTransactions: boolean;
}

interface OwnLink extends Link {
    readonly pulse: Pulse;
    readonly release: () => Promise<void>;
}

/** The one client of a store and its scopes. The driver connects it again when a connection was lost. */
export class Connection {
    /** The servers' addresses for messages. */
    readonly server: string;
    readonly prefix: string;
    readonly timeoutMs: number;
    readonly logger: Logger | undefined;
    readonly #options: MongoDBStoreOptions;
    readonly #databaseName: string;
    #link: OwnLink | undefined;
    #isOpen = false;
    #turn: Promise<void> = Promise.resolve();
    #renewing: Promise<void> | undefined;
    #underWay = 0;
    #whenIdle: (() => void) | undefined;

    /** @throws ConfigError `MONGODB_OPTIONS` */
    constructor(source: string | MongoDBStoreOptions) {
        const options = this.#options = checkOptions(source);
        this.server = serverName(options);
        this.#databaseName = databaseName(options);
        this.prefix = options.prefix ?? 'woltage';
        this.timeoutMs = options.timeoutMs ?? 10_000;
        this.logger = options.logger;
        if (options.client === undefined)
            this.#createClient();
    }

    /**
     * @throws ConfigError `MONGODB_CREDENTIALS`, `MONGODB_OPTIONS`
     * @throws UnavailableError `MONGODB_UNAVAILABLE`
     */
    connect(): Promise<void> {
        return this.#inTurn(async () => {
            if (this.#isOpen)
                return;
            this.#link = await this.#establish();
            this.#isOpen = true;
        });
    }

    /** Refuses new calls at once, and waits for those under way. */
    close(): Promise<void> {
        return this.#inTurn(async () => {
            this.#isOpen = false;
            if (this.#underWay > 0)
                await new Promise<void>(resolve => this.#whenIdle = resolve);
            const link = this.#link;
            this.#link = undefined;
            await link?.release();
        });
    }

    /**
     * Keeps the connection open until `work` is done.
     *
     * @throws UnavailableError `CLOSED`; `MONGODB_UNAVAILABLE` when the server can't be reached in time, or the connection is lost meanwhile; `MONGODB_FAILED`
     */
    async use<R>(work: (link: Link) => R | Promise<R>): Promise<R> {
        try {
            return await this.useNatively(work);
        } catch (error) {
            if (error instanceof MongoServerSelectionError)
                await this.#renewIfStuck();
            throw storeError(error, this.server);
        }
    }

    /** The same for work of a few commands, of which the driver may forget one, see {@link #renewIfStuck}: it is given up in the end. */
    useBriefly<R>(work: (link: Link) => Promise<R>): Promise<R> {
        const limitMs = PATIENCE * this.timeoutMs;
        return this.use(link => within(limitMs, work(link), () => noAnswer(this.server, limitMs)));
    }

    /** The same, but with the driver's own errors. @throws UnavailableError `CLOSED` */
    async useNatively<R>(work: (link: Link) => R | Promise<R>): Promise<R> {
        if (!this.#isOpen || this.#link === undefined)
            throw new UnavailableError(`The store in MongoDB ${this.server} is not connected.`, {code: 'CLOSED'});
        this.#underWay++;
        try {
            return await work(this.#link);
        } finally {
            this.#underWay--;
            if (this.#underWay === 0)
                this.#whenIdle?.();
        }
    }

    /**
     * A command that the driver sends on a connection in the very moment in which that closes never comes to an end. Where it is the one by which the driver looks for
     * the server, the server is not found any more, and another client takes the place of this one.
     */
    #renewIfStuck(): Promise<void> {
        return this.#renewing ??= this.#inTurn(async () => {
            const stuck = this.#link;
            if (!this.#isOpen || this.#options.client !== undefined || stuck?.pulse.isStuck() !== true)
                return;
            this.logger?.warn({server: this.server}, 'The MongoDB driver doesn\'t look for its server any more; its client is replaced.');
            try {
                this.#link = await this.#establish();
            } catch {
                // The server isn't there. The next call tries again.
                return;
            }
            await stuck.release();
        }).finally(() => this.#renewing = undefined);
    }

    async #establish(): Promise<OwnLink> {
        const given = this.#options.client;
        const client = given ?? this.#createClient();
        const unwatch = watchTrouble(client, this.server, this.logger);
        const pulse = new Pulse(client, this.#heartbeatMs + 2 * this.timeoutMs);
        const release = async (): Promise<void> => {
            unwatch();
            pulse.end();
            if (given === undefined)
                await client.close();
        };
        try {
            const {timeoutMs} = this;
            return {...await within(timeoutMs, this.#greet(client), () => new Error('it gives no answer')), pulse, release};
        } catch (error) {
            await release();
            throw isAboutCredentials(error) ? credentialsRefused(error, this.server) : unreachable(this.server, this.timeoutMs, error);
        }
    }

    async #greet(client: MongoClient): Promise<Link> {
        await client.connect();
        const {msg, setName} = await client.db('admin').command({hello: 1});
        const hasTransactions = msg === 'isdbgrid' || setName !== undefined;
        const database = client.db(this.#databaseName, {writeConcern: hasTransactions ? {w: 'majority'} : {w: 1, journal: true}, readPreference: 'primary'});
        // Without credentials, a server that wants them answers to greetings alone.
        await database.collection(`${this.prefix}.records`).findOne({_id: '' as never});
        return {client, database, hasTransactions};
    }

    get #heartbeatMs(): number {
        return this.#options.clientOptions?.heartbeatFrequencyMS ?? Math.max(MIN_HEARTBEAT_MS, Math.min(DEFAULT_HEARTBEAT_MS, this.timeoutMs / 2));
    }

    /** Makes no connection yet. */
    #createClient(): MongoClient {
        const {url, clientOptions} = this.#options;
        const {timeoutMs} = this;
        try {
            return new MongoClient(url as string, {
                connectTimeoutMS: timeoutMs, serverSelectionTimeoutMS: timeoutMs, waitQueueTimeoutMS: timeoutMs, socketTimeoutMS: timeoutMs, appName: 'woltage',
                // A server that was lost is at times looked for at the next regular heartbeat only.
                heartbeatFrequencyMS: this.#heartbeatMs, ...clientOptions
            });
        } catch (error) {
            const message = messageOf(error);
            // The driver repeats a connection string that it can't read.
            throw new ConfigError(`The MongoDB store: the driver refuses its options${message.includes('://') ? '.' : `: ${message}`}`, {code: 'MONGODB_OPTIONS'});
        }
    }

    #inTurn(step: () => Promise<void>): Promise<void> {
        const result = this.#turn.then(step);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}
