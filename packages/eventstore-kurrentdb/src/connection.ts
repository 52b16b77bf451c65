import type {KurrentDBClient} from '@kurrent/kurrentdb-client';
import type {EndableSubscription} from 'woltage';
import {AllReader} from './all-reader.ts';
import {Appender} from './appender.ts';
import {Calls} from './calls.ts';
import {HeadWatch} from './head-watch.ts';
import type {Settings} from './options.ts';
import {maxAppendSize} from './sizes.ts';
import type {StreamNames} from './stream-names.ts';
import {StreamReader} from './stream-reader.ts';
import {StreamTails} from './stream-tails.ts';
import {Writer} from './writer.ts';

/** What there is between `connect` and `close`. */
export interface Connection {
    readonly reader: StreamReader;
    readonly tails: StreamTails;
    readonly appender: Appender;
    readonly all: AllReader;
    readonly head: HeadWatch;
    /** What one append may hold, in bytes. */
    readonly maxAppendSize: number;
    readonly subscriptions: Set<EndableSubscription>;
    /** Appends that have not settled yet. */
    readonly underWay: Set<Promise<unknown>>;
    track<R>(call: Promise<R>): Promise<R>;
}

/** Makes sure that the server is there, and may be read from. */
export async function connect(client: KurrentDBClient, names: StreamNames, {server, timeoutMs, streamPrefix, clockSkewMs, logger}: Settings): Promise<Connection> {
    const calls = new Calls(server, timeoutMs);
    const all = new AllReader(client, calls, names, streamPrefix, timeoutMs);
    const [{serverVersion}] = await Promise.all([calls.make(() => featuresOf(client)), all.latest(undefined, timeoutMs)]);
    const reader = new StreamReader(client, calls, names);
    const writer = new Writer(client, calls, reader);
    const tails = new StreamTails(reader);
    const underWay = new Set<Promise<unknown>>();
    return {
        reader, tails, all, underWay,
        appender: new Appender(reader, writer, tails, clockSkewMs),
        head: new HeadWatch({client, reader: all, names, streamPrefix, server, logger}),
        maxAppendSize: maxAppendSize(serverVersion),
        subscriptions: new Set(),
        track: call => {
            underWay.add(call);
            return call.finally(() => underWay.delete(call));
        }
    };
}

interface ServerFeatures {
    readonly serverVersion: string;
    supports(method: {readonly path: string}): boolean;
}

/** The client knows, but doesn't say so in its types. */
const featuresOf = (client: KurrentDBClient): Promise<ServerFeatures> => (client as unknown as {readonly capabilities: Promise<ServerFeatures>}).capabilities;
