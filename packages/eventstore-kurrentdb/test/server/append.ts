import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import status from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import {status as code, type sendUnaryData, type ServerDuplexStream, type ServerReadableStream} from '@grpc/grpc-js';
import anyMessage from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import type {Expectation, Outcome, ProposedEvent, StreamWrite} from './event-log.ts';
import {expectationOf, nameOf, proposedEvent, streamDeleted, streamMessage, uuidOf} from './messages.ts';

type AppendReq = InstanceType<typeof streams.AppendReq>;
type AppendResp = InstanceType<typeof streams.AppendResp>;
type BatchAppendReq = InstanceType<typeof streams.BatchAppendReq>;
type BatchAppendResp = InstanceType<typeof streams.BatchAppendResp>;

/** Carries out an append; the result comes when the client shall hear of it. */
export type Write = (write: StreamWrite) => Promise<Outcome>;

/** The older call: one append each. */
export function append(write: Write, call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>): void {
    let options: InstanceType<typeof streams.AppendReq.Options> | undefined;
    const events: ProposedEvent[] = [];
    call.on('data', (request: AppendReq) => {
        if (request.hasOptions())
            options = request.getOptions();
        const message = request.getProposedMessage();
        if (message !== undefined)
            events.push(proposedEvent(message));
    });
    call.on('end', () => {
        if (options === undefined)
            return callback({code: code.INVALID_ARGUMENT, details: 'Options are missing.'});
        const stream = nameOf(options.getStreamIdentifier());
        void write({stream, expected: expectationOf(options, options.getRevision()), events}).then(outcome => {
            if (outcome.kind === 'deleted')
                callback(streamDeleted(stream));
            else
                callback(null, appendResponse(outcome));
        });
    });
}

function appendResponse(outcome: Exclude<Outcome, {kind: 'deleted'}>): AppendResp {
    const response = new streams.AppendResp();
    if (outcome.kind === 'written') {
        const position = new streams.AppendResp.Position();
        position.setCommitPosition(outcome.position.toString());
        position.setPreparePosition(outcome.position.toString());
        const success = new streams.AppendResp.Success();
        success.setCurrentRevision(outcome.revision.toString());
        success.setPosition(position);
        response.setSuccess(success);
        return response;
    }
    const wrong = new streams.AppendResp.WrongExpectedVersion();
    if (outcome.current === null)
        wrong.setCurrentNoStream(new shared.Empty());
    else
        wrong.setCurrentRevision(outcome.current.toString());
    expect(outcome.expected, {
        exact: revision => wrong.setExpectedRevision(revision), exists: () => wrong.setExpectedStreamExists(new shared.Empty()), none: () => wrong.setExpectedNoStream(new shared.Empty())
    });
    response.setWrongExpectedVersion(wrong);
    return response;
}

/** The newer call: one stream of many appends, each answered under its own number. */
export function batchAppend(write: Write, maxAppendSize: number, call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
    const pending = new Map<string, {stream: string; expected: Expectation; events: ProposedEvent[]}>();
    call.on('data', (request: BatchAppendReq) => {
        const id = uuidOf(request.getCorrelationId());
        const options = request.getOptions();
        const one = pending.get(id) ?? {
            stream: nameOf(options?.getStreamIdentifier()), expected: options === undefined ? 'any' : expectationOf(options, options.getStreamPosition()), events: []
        };
        pending.set(id, one);
        one.events.push(...request.getProposedMessagesList().map(proposedEvent));
        if (!request.getIsFinal())
            return;
        pending.delete(id);
        const answer = (fill: (response: BatchAppendResp) => void): void => {
            const response = new streams.BatchAppendResp();
            response.setCorrelationId(request.getCorrelationId());
            response.setStreamIdentifier(streamMessage(one.stream));
            fill(response);
            if (!call.cancelled && !call.destroyed)
                call.write(response);
        };
        if (one.events.reduce((size, {data, metadata, type}) => size + data.length + metadata.length + 2 * type.length, 0) > maxAppendSize)
            return answer(response => response.setError(tooLarge(maxAppendSize)));
        void write(one).then(outcome => answer(response => fillBatchResponse(response, outcome)));
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
}

function fillBatchResponse(response: BatchAppendResp, outcome: Outcome): void {
    if (outcome.kind === 'written') {
        const position = new shared.AllStreamPosition();
        position.setCommitPosition(outcome.position.toString());
        position.setPreparePosition(outcome.position.toString());
        const success = new streams.BatchAppendResp.Success();
        success.setCurrentRevision(outcome.revision.toString());
        success.setPosition(position);
        return response.setSuccess(success), undefined;
    }
    if (outcome.kind === 'deleted') {
        const deleted = new shared.StreamDeleted();
        deleted.setStreamIdentifier(streamMessage(outcome.stream));
        return response.setError(batchError('StreamDeleted', deleted.serializeBinary())), undefined;
    }
    const wrong = new shared.WrongExpectedVersion();
    if (outcome.current === null)
        wrong.setCurrentNoStream(new empty.Empty());
    else
        wrong.setCurrentStreamRevision(outcome.current.toString());
    expect(outcome.expected, {
        exact: revision => wrong.setExpectedStreamPosition(revision), exists: () => wrong.setExpectedStreamExists(new empty.Empty()), none: () => wrong.setExpectedNoStream(new empty.Empty())
    });
    response.setError(batchError('WrongExpectedVersion', wrong.serializeBinary()));
}

interface ExpectationSetters {
    readonly exact: (revision: string) => void;
    readonly exists: () => void;
    readonly none: () => void;
}

function expect(expected: Expectation, {exact, exists, none}: ExpectationSetters): void {
    if (typeof expected === 'bigint')
        exact(expected.toString());
    else if (expected === 'stream_exists')
        exists();
    else if (expected === 'no_stream')
        none();
}

function tooLarge(maxAppendSize: number): InstanceType<typeof status.Status> {
    const details = new shared.MaximumAppendSizeExceeded();
    details.setMaxappendsize(maxAppendSize);
    return batchError('MaximumAppendSizeExceeded', details.serializeBinary());
}

function batchError(name: string, details: Uint8Array): InstanceType<typeof status.Status> {
    const packed = new anyMessage.Any();
    packed.pack(details, `event_store.client.${name}`);
    const message = new status.Status();
    message.setCode(code.FAILED_PRECONDITION as never);
    message.setMessage(name);
    message.setDetails(packed);
    return message;
}
