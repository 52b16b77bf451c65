import errors from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/errors_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js';
import {status as code, type sendUnaryData, type ServerReadableStream} from '@grpc/grpc-js';
import type {EventLog, Expectation, Outcome, ProposedEvent, StreamWrite} from './event-log.ts';
import {statusError} from './messages.ts';

type Request = InstanceType<typeof streams.AppendRequest>;
type Response = InstanceType<typeof streams.AppendSessionResponse>;

const TYPE = /^[\p{L}\p{N}_.$:-]+$/u;
const DETAILS = 'type.googleapis.com/kurrentdb.protocol.v2.streams.errors.';

/** Several streams at once, each once, all or nothing. */
export function appendSession(log: EventLog, call: ServerReadableStream<Request, Response>, callback: sendUnaryData<Response>): void {
    const writes: StreamWrite[] = [];
    call.on('data', (request: Request) => writes.push(writeOf(request)));
    call.on('end', () => {
        const refusal = refusalOf(writes);
        if (refusal !== undefined)
            return callback({code: code.INVALID_ARGUMENT, details: refusal});
        const outcome = log.append(writes);
        if (!('kind' in outcome))
            return callback(null, responseOf(writes, outcome));
        callback(outcome.kind === 'deleted' ? tombstoned(outcome) : conflict(outcome as Outcome & {kind: 'wrong'}));
    });
}

function writeOf(request: Request): StreamWrite {
    const events = request.getRecordsList().map((record): ProposedEvent => {
        const properties: Record<string, unknown> = {};
        record.getPropertiesMap().forEach((value, key) => properties[key] = value.toJavaScript());
        const isJson = record.getSchema()?.getFormat() === streams.SchemaFormat.SCHEMA_FORMAT_JSON;
        return {
            id: record.getRecordId()?.toLowerCase() ?? crypto.randomUUID(), type: record.getSchema()?.getName() ?? '',
            contentType: isJson ? 'application/json' : 'application/octet-stream', data: record.getData_asU8(), metadata: Buffer.from(JSON.stringify(properties))
        };
    });
    return {stream: request.getStream(), expected: expectationOf(request), events};
}

function expectationOf(request: Request): Expectation {
    const revision = BigInt(request.hasExpectedRevision() ? request.getExpectedRevision() ?? -2 : -2);
    return revision === -1n ? 'no_stream' : revision === -2n ? 'any' : revision === -4n ? 'stream_exists' : revision;
}

function refusalOf(writes: readonly StreamWrite[]): string | undefined {
    if (writes.length === 0 || writes.some(({events}) => events.length === 0))
        return 'There is nothing to append.';
    if (new Set(writes.map(({stream}) => stream.toLowerCase())).size < writes.length)
        return 'A stream may be named once in an append session.';
    const badType = writes.flatMap(({events}) => events).find(({type}) => !TYPE.test(type));
    return badType === undefined ? undefined : `The schema name '${badType.type}' is invalid.`;
}

function responseOf(writes: readonly StreamWrite[], outcomes: readonly (Outcome & {kind: 'written'})[]): Response {
    const response = new streams.AppendSessionResponse();
    let end = 0n;
    for (const [i, {revision, position}] of outcomes.entries()) {
        const one = new streams.AppendResponse();
        one.setStream(writes[i]?.stream ?? '');
        one.setStreamRevision(revision.toString());
        response.addOutput(one);
        end = position > end ? position : end;
    }
    response.setPosition(end.toString());
    return response;
}

function conflict({stream, expected, current}: Outcome & {readonly kind: 'wrong'}): ReturnType<typeof statusError> {
    const details = new errors.StreamRevisionConflictErrorDetails();
    details.setStream(stream);
    details.setExpectedRevision(String(expected === 'no_stream' ? -1 : expected === 'any' ? -2 : expected === 'stream_exists' ? -4 : expected));
    details.setActualRevision(String(current ?? -1));
    return statusError(code.FAILED_PRECONDITION, 'The stream is at another revision.', `${DETAILS}StreamRevisionConflictErrorDetails`, details.serializeBinary());
}

function tombstoned({stream}: Outcome & {readonly kind: 'deleted'}): ReturnType<typeof statusError> {
    const details = new errors.StreamTombstonedErrorDetails();
    details.setStream(stream);
    return statusError(code.FAILED_PRECONDITION, 'The stream is tombstoned.', `${DETAILS}StreamTombstonedErrorDetails`, details.serializeBinary());
}
