import type {Projection, ProjectionState} from '../projections/index.ts';
import {delay} from '../shared/delay.ts';
import type {Adapters} from './adapters.ts';

/** How a database answers. */
export interface ConnectionHealth {
    readonly status: 'up' | 'down';
    /** How long it took to answer, in ms. */
    readonly latencyMs: number;
    /** What went wrong; for operators, not for the public. */
    readonly error?: string;
}

export interface Health {
    /**
     * - `up`: all is well
     * - `degraded`: commands or queries work, but something needs a hand: a projection is faulted or waits, a publication doesn't get on, or a store or the message broker doesn't answer
     * - `down`: the event store or the internal store doesn't answer, or the instance is stopped
     */
    readonly status: 'up' | 'degraded' | 'down';
    readonly isStarted: boolean;
    readonly eventStore: ConnectionHealth;
    readonly internalStore: ConnectionHealth;
    /** By the names of the config. */
    readonly stores: Readonly<Record<string, ConnectionHealth>>;
    /** Left out where there is none. */
    readonly messageBroker?: ConnectionHealth;
    /** By `topic/name`; with what is in the way of those that don't get on, as far as this process knows. */
    readonly publications: Readonly<Record<string, {readonly error?: string}>>;
    /** By `name@version`. */
    readonly projections: Readonly<Record<string, {readonly state: ProjectionState; readonly isActive: boolean; readonly lag: string}>>;
}

const NEEDS_A_HAND: readonly ProjectionState[] = ['faulted', 'waiting'];

/** Asks all databases, each for at most some ms. Never rejects. */
export async function checkHealth({eventStore, internalStore, stores, messageBroker}: Adapters, projections: readonly Projection[], publications: Health['publications'], isStarted: boolean, timeoutMs: number): Promise<Health> {
    const asking = messageBroker && ask(() => messageBroker.ping(), timeoutMs);
    const [events, internal, ...others] = await Promise.all([
        ask(() => eventStore.getLatestPosition(), timeoutMs),
        ...[internalStore, ...stores.values()].map(store => ask(() => store.scope({namespace: '_woltage', tables: {}}).getRecords(['health']), timeoutMs))
    ]) as [ConnectionHealth, ConnectionHealth, ...ConnectionHealth[]];
    const broker = await asking;
    const isDown = [events, internal].some(({status}) => status === 'down');
    const isDegraded = [...others, ...broker === undefined ? [] : [broker]].some(({status}) => status === 'down') || projections.some(({state}) => NEEDS_A_HAND.includes(state))
        || Object.values(publications).some(({error}) => error !== undefined);
    return {
        status: isDown ? 'down' : isDegraded ? 'degraded' : 'up',
        isStarted,
        eventStore: events,
        internalStore: internal,
        stores: Object.fromEntries([...stores.keys()].map((name, i) => [name, others[i] as ConnectionHealth])),
        ...broker !== undefined && {messageBroker: broker},
        publications,
        projections: Object.fromEntries(projections.map(({id, state, isActive, progress}) => [id, {state, isActive, lag: progress.lag.toString()}]))
    };
}

async function ask(call: () => Promise<unknown>, timeoutMs: number): Promise<ConnectionHealth> {
    const began = performance.now();
    const done = new AbortController();
    const late = delay(timeoutMs, done.signal).then(() => {
        if (!done.signal.aborted)
            throw new Error(`No answer within ${timeoutMs} ms.`);
    });
    try {
        await Promise.race([call(), late]);
        return {status: 'up', latencyMs: Math.round(performance.now() - began)};
    } catch (error) {
        return {status: 'down', latencyMs: Math.round(performance.now() - began), error: error instanceof Error ? error.message : String(error)};
    } finally {
        done.abort();
    }
}
