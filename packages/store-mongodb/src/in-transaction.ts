import {MongoError, MongoErrorLabel, type ClientSession, type MongoClient} from 'mongodb';
import type {ScopeSessions} from './scope-sessions.ts';

const OPTIONS = {readConcern: {level: 'local'}, writeConcern: {w: 'majority'}, readPreference: 'primary'} as const;
const MAX_PAUSE_MS = 100;

const isTransient = (error: unknown): boolean => error instanceof MongoError && error.hasErrorLabel(MongoErrorLabel.TransientTransactionError);
const isUnknown = (error: unknown): boolean => error instanceof MongoError && error.hasErrorLabel(MongoErrorLabel.UnknownTransactionCommitResult);

/** In the way of the living one is for a moment only. */
const STUCK_AFTER_MS = 500;

/**
 * Runs writes in a transaction, and again as long as it is only in the way of others, or the connection was lost. The driver's own loop does so for two minutes,
 * whatever a caller would like.
 *
 * @param timeoutMs After this time, nothing is tried again
 */
export async function inTransaction(client: MongoClient, timeoutMs: number, sessions: ScopeSessions, write: (session: ClientSession) => Promise<void>): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    let stuckAt = Date.now() + STUCK_AFTER_MS;
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
        const session = client.startSession();
        try {
            await sessions.register(session);
            session.startTransaction(OPTIONS);
            await write(session);
            await commit(session, deadline);
            return;
        } catch (error) {
            if (!isTransient(error) || Date.now() > deadline)
                throw error;
        } finally {
            end(session);
        }
        if (Date.now() > stuckAt) {
            await sessions.endOthers();
            stuckAt = Date.now() + STUCK_AFTER_MS;
        }
        await new Promise(resolve => setTimeout(resolve, Math.random() * pauseMs));
    }
}

async function commit(session: ClientSession, deadline: number): Promise<void> {
    for (; ;) {
        try {
            return await session.commitTransaction();
        } catch (error) {
            if (!isUnknown(error) || Date.now() > deadline)
                throw error;
        }
    }
}

/** Whoever waits for the result shouldn't wait for this. A transaction that is not aborted, because the connection was lost, is given up by the server itself. */
function end(session: ClientSession): void {
    session.endSession().catch(() => undefined);
}
