import {EJSON} from 'bson';
import type {Collection} from './collection.ts';
import {CommandError, noSuchTransaction} from './errors.ts';
import type {Doc} from './wire.ts';

/** What one transaction has written so far. */
export class Transaction {
    readonly startedAt: number;
    /** Settles when it has come to its end. */
    readonly ended: Promise<void>;
    readonly #writes = new Map<Collection, Map<string, Doc | null>>();
    #end = (): void => undefined;

    constructor(startedAt: number) {
        this.startedAt = startedAt;
        this.ended = new Promise(resolve => this.#end = resolve);
    }

    writesTo(collection: Collection): Map<string, Doc | null> {
        let writes = this.#writes.get(collection);
        if (writes === undefined)
            this.#writes.set(collection, writes = new Map());
        return writes;
    }

    commit(clock: {now: number}): void {
        for (const [collection, writes] of this.#writes) {
            for (const [key, doc] of writes)
                collection.apply(key, doc, clock);
        }
        this.abort();
    }

    abort(): void {
        for (const [collection, writes] of this.#writes) {
            for (const key of writes.keys())
                collection.unlock(key);
        }
        this.#writes.clear();
        this.#end();
    }
}

interface Session {
    number: bigint;
    transaction: Transaction | undefined;
    isCommitted: boolean;
    /** The answer to the last write, for a client that asks again. */
    reply: Promise<Doc> | undefined;
}

/** Transactions and retryable writes, by session. */
export class Sessions {
    /** How long a transaction may last, in ms. */
    lifetimeMs = 60_000;
    readonly #sessions = new Map<string, Session>();
    readonly #clock: {now: number};

    constructor(clock: {now: number}) {
        this.#clock = clock;
    }

    /** The transaction that a command belongs to; it begins with the first one. @throws CommandError NoSuchTransaction */
    transactionOf(command: Doc): Transaction | undefined {
        if (command['autocommit'] !== false)
            return undefined;
        const session = this.#session(command);
        const number = command['txnNumber'] as bigint;
        if (command['startTransaction'] === true) {
            session.transaction?.abort();
            const transaction = new Transaction(this.#clock.now);
            Object.assign(session, {number, transaction, isCommitted: false, reply: undefined});
            const timer = setTimeout(() => {
                if (session.transaction === transaction)
                    this.fail(command);
            }, this.lifetimeMs).unref();
            void transaction.ended.then(() => clearTimeout(timer));
        }
        if (session.transaction === undefined || session.number !== number)
            throw noSuchTransaction();
        return session.transaction;
    }

    commit(command: Doc): Doc {
        const session = this.#session(command);
        if (session.number !== command['txnNumber'] || session.transaction === undefined && !session.isCommitted)
            throw noSuchTransaction();
        session.transaction?.commit(this.#clock);
        session.transaction = undefined;
        session.isCommitted = true;
        return {ok: 1};
    }

    abort(command: Doc): Doc {
        const session = this.#session(command);
        if (session.number !== command['txnNumber'] || session.transaction === undefined)
            throw noSuchTransaction();
        session.transaction.abort();
        session.transaction = undefined;
        return {ok: 1};
    }

    /** A statement that has failed ends its transaction. */
    fail(command: Doc): void {
        const session = this.#session(command);
        session.transaction?.abort();
        session.transaction = undefined;
    }

    /** Runs a write once, however often a client sends it. */
    once(command: Doc, run: () => Promise<Doc>): Promise<Doc> {
        const number = command['txnNumber'];
        if (typeof number !== 'bigint')
            return run();
        const session = this.#session(command);
        if (number < session.number)
            throw new CommandError(225, 'TransactionTooOld', 'Cannot start transaction because a newer one has already started.');
        if (number === session.number && session.reply !== undefined)
            return session.reply;
        session.transaction?.abort();
        Object.assign(session, {number, transaction: undefined, isCommitted: false});
        const reply = session.reply = run();
        reply.catch(() => session.reply = undefined);
        return reply;
    }

    /** What a crash leaves of them: nothing that was not committed. */
    abortAll(): void {
        for (const session of this.#sessions.values()) {
            session.transaction?.abort();
            session.transaction = undefined;
        }
    }

    end(ids: readonly unknown[]): Doc {
        for (const id of ids) {
            this.#sessions.get(keyOf(id))?.transaction?.abort();
            this.#sessions.delete(keyOf(id));
        }
        return {ok: 1};
    }

    #session({lsid}: Doc): Session {
        const key = keyOf(lsid);
        let session = this.#sessions.get(key);
        if (session === undefined)
            this.#sessions.set(key, session = {number: -1n, transaction: undefined, isCommitted: false, reply: undefined});
        return session;
    }
}

const keyOf = (lsid: unknown): string => EJSON.stringify([(lsid as {id?: unknown} | undefined)?.id]);
