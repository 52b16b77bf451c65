import {Consumer, kPerformWithRetry, type BaseOptions} from '@platformatic/kafka';
import {delay, type TopicPartition} from 'woltage';
import {cutConnections} from './cut-connections.ts';
import {driverError} from './failures.ts';
import type {IKafkaMember, MembershipEvents, PartitionOffset} from './kafka-driver.ts';

/** A group is left politely for so long, then its coordinator has to find out. */
const LEAVE_MS = 2000;
/** What the library takes at most to notice that its connections are gone. */
const CUT_MS = 200;
/** So many heartbeats are sent in the time after which a member counts as dead. */
const HEARTBEATS = 6;
/** So many in a row may fail before a membership is given up and begun anew: coordinators move. */
const MAX_FAILED = 3;

/** The part of the time after which a member counts as dead that a rebalance waits for what is being handled: no heartbeats are sent meanwhile. */
const PATIENCE = 0.6;
/** What joining may take beyond all that members may rightly keep the group waiting for. */
const JOIN_MARGIN_MS = 5000;
const REJOIN = 'rejoinGroup';

interface GroupOptions extends BaseOptions {
    readonly groupId: string;
}

interface Joining {
    readonly sessionTimeoutMs: number;
    readonly topics: readonly string[];
    readonly events: MembershipEvents;
    readonly signal: AbortSignal;
}

/** One life in a group: whatever goes wrong ends it, and who wants to go on joins anew, with nothing left of what this one knew. A signal that aborts breaks joining off. */
export async function joinGroup(options: GroupOptions, {sessionTimeoutMs, topics, events, signal}: Joining): Promise<IKafkaMember> {
    const settings = {sessionTimeout: sessionTimeoutMs, rebalanceTimeout: Math.max(60_000, sessionTimeoutMs), heartbeatInterval: Math.ceil(sessionTimeoutMs / HEARTBEATS)};
    const requestTimeout = Math.max(options.requestTimeout ?? 0, joinTimeoutMs(sessionTimeoutMs));
    const consumer = new Consumer({...options, ...settings, requestTimeout, autocommit: false});
    const member = new PlatformaticMember(consumer, events);
    delayRejoins(consumer, () => member.handOver(sessionTimeoutMs * PATIENCE));
    const breakOff = (): void => cutConnections(consumer);
    signal.addEventListener('abort', breakOff);
    try {
        consumer.topics.trackAll(...topics);
        await consumer.joinGroup({...settings});
        return member;
    } catch (error) {
        await member.leave();
        throw driverError(error);
    } finally {
        signal.removeEventListener('abort', breakOff);
    }
}

/** The coordinator answers when all members have joined: one that was killed counts as dead only after a while, and others have patience with what they are handling. */
const joinTimeoutMs = (sessionTimeoutMs: number): number => sessionTimeoutMs * (1 + PATIENCE) + JOIN_MARGIN_MS;

/** The library joins again as soon as it hears of a rebalance; what is being handled shall be done before its partitions go to others. There is no event for that: its step is taken a little later. */
function delayRejoins(consumer: Consumer, before: () => Promise<void>): void {
    const perform = consumer[kPerformWithRetry].bind(consumer) as (...args: readonly unknown[]) => unknown;
    Object.defineProperty(consumer, kPerformWithRetry, {
        value: (operation: string, ...rest: readonly unknown[]) => operation === REJOIN
            ? void before().finally(() => perform(operation, ...rest))
            : perform(operation, ...rest)
    });
}

/** Cuts the connections, and waits until the library has noticed: what is asked next gets a new one. */
async function cutAndForget(consumer: Consumer): Promise<void> {
    cutConnections(consumer);
    const deadline = performance.now() + CUT_MS;
    while (consumer.connections.isActive() && performance.now() < deadline)
        await delay(1);
}

/** The library's types forget the promise. */
const leaveGroup = (consumer: Consumer): Promise<void> => consumer.leaveGroup() as unknown as Promise<void>;

class PlatformaticMember implements IKafkaMember {
    readonly #consumer: Consumer;
    readonly #events: MembershipEvents;
    #failed = 0;
    #hasEnded = false;

    constructor(consumer: Consumer, events: MembershipEvents) {
        this.#consumer = consumer;
        this.#events = events;
        consumer.on('error', error => this.#lose(error));
        consumer.on('consumer:group:join', ({assignments = []}) => {
            this.#failed = 0;
            if (!this.#hasEnded)
                events.onAssigned(assignments.flatMap(({topic, partitions}) => partitions.map((partition): TopicPartition => ({topic, partition}))));
        });
        consumer.on('consumer:heartbeat:end', () => {
            this.#failed = 0;
        });
        consumer.on('consumer:heartbeat:error', ({error}) => {
            if (++this.#failed >= MAX_FAILED)
                this.#lose(error);
        });
    }

    /** Waits for what is being handled, for so long. Never rejects. */
    async handOver(patienceMs: number): Promise<void> {
        const done = new AbortController();
        const handled = this.#events.onRebalance().catch(() => undefined);
        await Promise.race([handled, delay(patienceMs, done.signal)]);
        done.abort();
    }

    async commit(offsets: readonly PartitionOffset[]): Promise<void> {
        try {
            await this.#consumer.commit({offsets: offsets.map(offset => ({...offset, leaderEpoch: -1}))});
        } catch (error) {
            throw driverError(error);
        }
    }

    async leave(): Promise<void> {
        this.#hasEnded = true;
        const consumer = this.#consumer;
        const timeUp = new AbortController();
        // A broker answers one request of a connection after the other: behind one to join, that to leave would wait until the group is complete.
        await cutAndForget(consumer);
        const left: Promise<unknown> = consumer.memberId === null ? Promise.resolve() : leaveGroup(consumer);
        // Whether the coordinator has heard of it makes no difference here.
        await Promise.race([left.catch(() => undefined), delay(LEAVE_MS, timeUp.signal)]);
        timeUp.abort();
        cutConnections(consumer);
        await consumer.close().catch(() => undefined);
        cutConnections(consumer);
    }

    #lose(error: Error): void {
        if (this.#hasEnded)
            return;
        this.#hasEnded = true;
        this.#events.onLost(driverError(error));
    }
}
