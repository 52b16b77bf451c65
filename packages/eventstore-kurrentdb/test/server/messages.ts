import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import status from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import {Metadata, status as code, type ServiceError} from '@grpc/grpc-js';
import anyMessage from 'google-protobuf/google/protobuf/any_pb.js';
import type {Expectation, LoggedEvent, Outcome, ProposedEvent} from './event-log.ts';

export function uuidOf(message: InstanceType<typeof shared.UUID> | undefined): string {
    if (message === undefined)
        return crypto.randomUUID();
    if (message.hasString())
        return message.getString().toLowerCase();
    const structured = message.getStructured();
    const half = (bits: string | number | undefined): string => BigInt.asUintN(64, BigInt(bits ?? 0)).toString(16).padStart(16, '0');
    const hex = half(structured?.getMostSignificantBits()) + half(structured?.getLeastSignificantBits());
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function uuidMessage(id: string, isStructured: boolean): InstanceType<typeof shared.UUID> {
    const message = new shared.UUID();
    if (!isStructured) {
        message.setString(id);
        return message;
    }
    const hex = id.replaceAll('-', '');
    const structured = new shared.UUID.Structured();
    structured.setMostSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)).toString());
    structured.setLeastSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`)).toString());
    message.setStructured(structured);
    return message;
}

export function streamMessage(name: string): InstanceType<typeof shared.StreamIdentifier> {
    const message = new shared.StreamIdentifier();
    message.setStreamName(Buffer.from(name));
    return message;
}

export const nameOf = (message: InstanceType<typeof shared.StreamIdentifier> | undefined): string =>
    Buffer.from(message?.getStreamName_asU8() ?? []).toString('utf8');

interface ExpectationOptions {
    hasNoStream(): boolean;
    hasAny(): boolean;
    hasStreamExists(): boolean;
}

export const expectationOf = (options: ExpectationOptions, revision: string): Expectation =>
    options.hasNoStream() ? 'no_stream' : options.hasAny() ? 'any' : options.hasStreamExists() ? 'stream_exists' : BigInt(revision);

interface ProposedMessage {
    getId(): InstanceType<typeof shared.UUID> | undefined;
    getMetadataMap(): {get(key: string): string | undefined};
    getData_asU8(): Uint8Array;
    getCustomMetadata_asU8(): Uint8Array;
}

export const proposedEvent = (message: ProposedMessage): ProposedEvent => ({
    id: uuidOf(message.getId()),
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? 'application/octet-stream',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8()
});

export function eventMessage(event: LoggedEvent, hasStructuredIds: boolean): InstanceType<typeof streams.ReadResp> {
    const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
    recorded.setId(uuidMessage(event.id, hasStructuredIds));
    recorded.setStreamIdentifier(streamMessage(event.stream));
    recorded.setStreamRevision(event.revision.toString());
    recorded.setPreparePosition(event.position.toString());
    recorded.setCommitPosition(event.position.toString());
    recorded.getMetadataMap().set('type', event.type).set('content-type', event.contentType).set('created', event.created.toString());
    recorded.setData(event.data);
    recorded.setCustomMetadata(event.metadata);
    const read = new streams.ReadResp.ReadEvent();
    read.setEvent(recorded);
    read.setCommitPosition(event.position.toString());
    const response = new streams.ReadResp();
    response.setEvent(read);
    return response;
}

const errorMetadata = (values: Readonly<Record<string, string>>): Metadata => {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(values))
        metadata.set(key, encodeURIComponent(value));
    return metadata;
};

type Refusal = Partial<ServiceError> & {readonly code: code};

export const streamDeleted = (name: string): Refusal => ({
    code: code.FAILED_PRECONDITION, details: 'Event stream is deleted.', metadata: errorMetadata({exception: 'stream-deleted', 'stream-name': name})
});

export const accessDenied: Refusal = {code: code.PERMISSION_DENIED, details: 'Access Denied', metadata: errorMetadata({exception: 'access-denied'})};

export const wrongExpectedVersion = ({stream, expected, current}: Outcome & {readonly kind: 'wrong'}): Refusal => ({
    code: code.FAILED_PRECONDITION, details: 'Append failed due to WrongExpectedVersion.', metadata: errorMetadata({
        'exception': 'wrong-expected-version', 'stream-name': stream,
        'expected-version': String(expected === 'no_stream' ? -1 : expected === 'any' ? -2 : expected === 'stream_exists' ? -4 : expected),
        ...current === null ? {} : {'actual-version': String(current)}
    })
});

/** A failure with details, as the newer calls give it. */
export function statusError(grpcCode: code, message: string, type: string, details: Uint8Array): Refusal {
    const packed = new anyMessage.Any();
    packed.pack(details, type);
    const full = new status.Status();
    // The message of this name has gRPC's numbers under names of its own.
    full.setCode(grpcCode as never);
    full.setMessage(message);
    full.setDetails(packed);
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from(full.serializeBinary()));
    return {code: grpcCode, details: message, metadata};
}
