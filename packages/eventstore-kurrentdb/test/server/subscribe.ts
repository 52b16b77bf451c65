import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import {once} from 'node:events';
import type {EventLog, LoggedEvent} from './event-log.ts';
import {checkpointInterval, filterOf} from './filter.ts';
import {eventMessage} from './messages.ts';
import type {ReadCall} from './read.ts';
import {write} from './write.ts';

type Options = InstanceType<typeof streams.ReadReq.Options>;
type Response = InstanceType<typeof streams.ReadResp>;

/** A subscription: the past, a mark that it has caught up, what comes; with a filter, checkpoints in between. */
export async function follow(log: EventLog, call: ReadCall, options: Options, name: string | undefined): Promise<void> {
    const ending = new AbortController();
    for (const event of ['cancelled', 'close'])
        call.on(event, () => ending.abort());
    const source = (): readonly LoggedEvent[] => name === undefined ? log.all : log.visible(name) ?? [];
    const matches = filterOf(options);
    const interval = checkpointInterval(options);
    const hasStructuredIds = options.getUuidOption()?.hasStructured() === true;
    let considered = 0;
    let next = startOf(source(), options);
    await write(call, confirmation());
    for (let isLive = false; !ending.signal.aborted;) {
        const events = source();
        for (let event = events[next]; event !== undefined && !ending.signal.aborted; event = events[++next]) {
            if (matches(event))
                await write(call, eventMessage(event, hasStructuredIds));
            if (interval !== undefined && ++considered % interval === 0)
                await write(call, checkpoint(event.position));
        }
        if (isLive && next >= source().length)
            await once(log, 'appended', {signal: ending.signal}).catch(() => undefined);
        if (!isLive) {
            isLive = true;
            await write(call, caughtUp(source()[next - 1]));
        }
    }
}

/** Subscriptions exclude the place where they start. */
function startOf(source: readonly LoggedEvent[], options: Options): number {
    const place = options.hasStream() ? options.getStream() : options.getAll();
    if (place === undefined || place.hasStart())
        return 0;
    if (place.hasEnd())
        return source.length;
    const stream = options.getStream();
    const index = stream === undefined
        ? source.findIndex(({position}) => position > BigInt(options.getAll()?.getPosition()?.getCommitPosition() ?? 0))
        : source.findIndex(({revision}) => revision > BigInt(stream.getRevision()));
    return index < 0 ? source.length : index;
}

function confirmation(): Response {
    const message = new streams.ReadResp.SubscriptionConfirmation();
    message.setSubscriptionId(crypto.randomUUID());
    const response = new streams.ReadResp();
    response.setConfirmation(message);
    return response;
}

function checkpoint(position: bigint): Response {
    const message = new streams.ReadResp.Checkpoint();
    message.setCommitPosition(position.toString());
    message.setPreparePosition(position.toString());
    const response = new streams.ReadResp();
    response.setCheckpoint(message);
    return response;
}

function caughtUp(last: LoggedEvent | undefined): Response {
    const message = new streams.ReadResp.CaughtUp();
    message.setTimestamp(timestamp.Timestamp.fromDate(new Date()));
    if (last !== undefined) {
        const position = new shared.AllStreamPosition();
        position.setCommitPosition(last.position.toString());
        position.setPreparePosition(last.position.toString());
        message.setPosition(position);
    }
    const response = new streams.ReadResp();
    response.setCaughtUp(message);
    return response;
}
