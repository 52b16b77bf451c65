import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type {sendUnaryData, ServerUnaryCall} from '@grpc/grpc-js';
import type {EventLog, Outcome} from './event-log.ts';
import {expectationOf, nameOf, streamDeleted, wrongExpectedVersion} from './messages.ts';

type DeleteReq = InstanceType<typeof streams.DeleteReq>;
type DeleteResp = InstanceType<typeof streams.DeleteResp>;
type TombstoneReq = InstanceType<typeof streams.TombstoneReq>;
type TombstoneResp = InstanceType<typeof streams.TombstoneResp>;

export function deleteStream(log: EventLog, call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>): void {
    const outcome = carryOut(log, call.request.getOptions(), false);
    if (outcome.kind !== 'written')
        return callback(outcome.kind === 'deleted' ? streamDeleted(outcome.stream) : wrongExpectedVersion(outcome));
    const position = new streams.DeleteResp.Position();
    position.setCommitPosition(outcome.position.toString());
    position.setPreparePosition(outcome.position.toString());
    const response = new streams.DeleteResp();
    response.setPosition(position);
    callback(null, response);
}

export function tombstone(log: EventLog, call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>): void {
    const outcome = carryOut(log, call.request.getOptions(), true);
    if (outcome.kind !== 'written')
        return callback(outcome.kind === 'deleted' ? streamDeleted(outcome.stream) : wrongExpectedVersion(outcome));
    const position = new streams.TombstoneResp.Position();
    position.setCommitPosition(outcome.position.toString());
    position.setPreparePosition(outcome.position.toString());
    const response = new streams.TombstoneResp();
    response.setPosition(position);
    callback(null, response);
}

type Options = InstanceType<typeof streams.DeleteReq.Options> | InstanceType<typeof streams.TombstoneReq.Options> | undefined;

function carryOut(log: EventLog, options: Options, isHard: boolean): Outcome {
    const stream = nameOf(options?.getStreamIdentifier());
    return log.delete(stream, options === undefined ? 'any' : expectationOf(options, options.getRevision()), isHard);
}
