import type {KurrentDBClient} from '@kurrent/kurrentdb-client';
import type {EndableSubscription} from 'woltage';
import {AllReader} from './all-reader.ts';
import {Appender} from './appender.ts';
import {Calls} from './calls.ts';
import {Erasure} from './erasure.ts';
import {HeadWatch} from './head-watch.ts';
import {MultiAppender} from './multi-appender.ts';
import type {Settings} from './options.ts';
import {maxAppendSize} from './sizes.ts';
import type {StreamNames} from './stream-names.ts';
import {StreamReader} from './stream-reader.ts';
import {StreamTails} from './stream-tails.ts';
import type {SubscriptionSource} from './subscription.ts';
import {Tombstones} from './tombstones.ts';
import {Turns} from './turns.ts';
import {Writer} from './writer.ts';

/** What there is between `connect` and `close`. */
export interface Connection extends SubscriptionSource {
    readonly client: KurrentDBClient;
    readonly reader: StreamReader;
    readonly tails: StreamTails;
    readonly appender: Appender;
    /** Where the server offers it. */
    readonly multiAppender: MultiAppender | undefined;
    readonly tombstones: Tombstones;
    readonly erasure: Erasure;
    /** What one append may hold, in bytes. */
    readonly maxAppendSize: number;
    readonly subscriptions: Set<EndableSubscription>;
    /** Appends that have not settled yet. */
    readonly underWay: Set<Promise<unknown>>;
    track<R>(call: Promise<R>): Promise<R>;
}

/** Makes sure that the server is there, and may be read from. */
export async function connect(client: KurrentDBClient, names: StreamNames, settings: Settings): Promise<Connection> {
    const {server, timeoutMs, streamPrefix, clockSkewMs, logger} = settings;
    const calls = new Calls(server, timeoutMs);
    const all = new AllReader(client, calls, names, settings);
    const [features] = await Promise.all([calls.make(() => featuresOf(client)), all.check(timeoutMs)]);
    const reader = new StreamReader(client, calls, names, settings);
    const writer = new Writer(client, calls, reader);
    const tails = new StreamTails(reader);
    const turns = new Turns();
    const appender = new Appender(reader, writer, tails, turns, clockSkewMs);
    const underWay = new Set<Promise<unknown>>();
    return {
        client, names, streamPrefix, server, reader, tails, all, appender, underWay,
        multiAppender: features.supports(APPEND_SESSION) ? new MultiAppender(client, calls, appender, writer, turns) : undefined,
        tombstones: new Tombstones(client, calls),
        erasure: new Erasure({client, calls, reader, appender, tails, settings}),
        head: new HeadWatch({client, reader: all, names, streamPrefix, server, logger}),
        maxAppendSize: maxAppendSize(features.serverVersion),
        subscriptions: new Set(),
        track: call => {
            underWay.add(call);
            return call.finally(() => underWay.delete(call));
        }
    };
}

const APPEND_SESSION = {path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendSession'};

interface ServerFeatures {
    readonly serverVersion: string;
    supports(method: {readonly path: string}): boolean;
}

/** The client knows, but doesn't say so in its types. */
const featuresOf = (client: KurrentDBClient): Promise<ServerFeatures> => (client as unknown as {readonly capabilities: Promise<ServerFeatures>}).capabilities;
