import {Binary, type ClientSession, type MongoClient} from 'mongodb';
import type {Collections} from './collections.ts';

/** Longer than any process uses a session: a week, in ms. */
const FORGET_AFTER_MS = 604_800_000;

/**
 * Which sessions commit to a scope. A process that dies in the middle of a transaction leaves its locks behind, for a minute as a rule; whoever takes over ends its
 * session instead. A session of a process that lives loses no more than the transaction that it is in, which is tried again.
 */
export class ScopeSessions {
    readonly #client: MongoClient;
    readonly #collections: Collections;
    readonly #own = new Set<string>();

    constructor(client: MongoClient, collections: Collections) {
        this.#client = client;
        this.#collections = collections;
    }

    /** Makes a session known. To be called before it locks anything. */
    async register(session: ClientSession): Promise<void> {
        const id = session.id?.id as unknown;
        if (!(id instanceof Binary) || this.#own.has(id.toString('hex')))
            return;
        const {sessions, names: {scope}} = this.#collections;
        await sessions.replaceOne({_id: `${scope}\n${id.toString('hex')}`}, {scope, session: id, at: new Date()}, {upsert: true});
        this.#own.add(id.toString('hex'));
    }

    /** Forgets sessions of long ago. */
    async forgetOld(): Promise<void> {
        const {sessions, names: {scope}} = this.#collections;
        await sessions.deleteMany({scope, at: {$lt: new Date(Date.now() - FORGET_AFTER_MS)}});
    }

    /** Ends the sessions of others, and with them their transactions. */
    async endOthers(): Promise<void> {
        const {sessions, names: {scope}} = this.#collections;
        const own = Array.from(this.#own, id => `${scope}\n${id}`);
        const others = await sessions.find({scope, _id: {$nin: own}}).toArray();
        if (others.length === 0)
            return;
        await this.#client.db('admin').command({killSessions: others.map(({session}) => ({id: session}))});
        await sessions.deleteMany({_id: {$in: others.map(({_id}) => _id)}});
    }
}
