import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type {ServerWritableStream} from '@grpc/grpc-js';
import type {EventLog, LoggedEvent} from './event-log.ts';
import {eventMessage, nameOf, streamDeleted, streamMessage} from './messages.ts';
import {filterOf} from './filter.ts';
import {follow} from './subscribe.ts';
import {write} from './write.ts';

type Request = InstanceType<typeof streams.ReadReq>;
type Response = InstanceType<typeof streams.ReadResp>;
export type ReadCall = ServerWritableStream<Request, Response>;
type Options = InstanceType<typeof streams.ReadReq.Options>;

/** Reads of a stream and of all events in either direction, and subscriptions, which are the same call. */
export async function read(log: EventLog, call: ReadCall): Promise<void> {
    const options = call.request.getOptions();
    if (options === undefined)
        return void call.end();
    const name = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : undefined;
    if (name !== undefined && log.isTombstoned(name))
        return void call.emit('error', streamDeleted(name));
    if (options.hasSubscription())
        return follow(log, call, options, name);
    const source = name === undefined ? log.all : log.visible(name);
    if (source === undefined)
        await write(call, notFound(name ?? ''));
    else
        await readFrom(source, call, options);
    call.end();
}

async function readFrom(source: readonly LoggedEvent[], call: ReadCall, options: Options): Promise<void> {
    const isForwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.FORWARDS;
    const hasStructuredIds = options.getUuidOption()?.hasStructured() === true;
    const matches = filterOf(options);
    let left = BigInt(options.getCount());
    for (let i = startOf(source, options, isForwards), event = source[i]; event !== undefined && left > 0n; event = source[i += isForwards ? 1 : -1]) {
        if (!matches(event))
            continue;
        left--;
        if (!await write(call, eventMessage(event, hasStructuredIds)))
            return;
    }
}

/** Forward reads include the place where they start, those against the order include it in a stream alone. */
function startOf(source: readonly LoggedEvent[], options: Options, isForwards: boolean): number {
    const place = options.hasStream() ? options.getStream() : options.getAll();
    if (place?.hasStart() === true)
        return isForwards ? 0 : -1;
    if (place?.hasEnd() === true)
        return isForwards ? source.length : source.length - 1;
    const stream = options.getStream();
    return stream === undefined ? startInAll(source, options, isForwards) : startInStream(source, BigInt(stream.getRevision()), isForwards);
}

const startInStream = (source: readonly LoggedEvent[], revision: bigint, isForwards: boolean): number =>
    isForwards ? source.findIndex(event => event.revision >= revision) : source.findLastIndex(event => event.revision <= revision);

function startInAll(source: readonly LoggedEvent[], options: Options, isForwards: boolean): number {
    const position = BigInt(options.getAll()?.getPosition()?.getCommitPosition() ?? 0);
    return isForwards ? source.findIndex(event => event.position >= position) : source.findLastIndex(event => event.position < position);
}

function notFound(name: string): Response {
    const message = new streams.ReadResp.StreamNotFound();
    message.setStreamIdentifier(streamMessage(name));
    const response = new streams.ReadResp();
    response.setStreamNotFound(message);
    return response;
}
