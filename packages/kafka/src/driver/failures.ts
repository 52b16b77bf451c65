import {DriverError, type FailureKind} from './kafka-driver.ts';

/** Kafka's error codes that are no case of "later". */
const KINDS: Readonly<Record<string, FailureKind>> = {
    MESSAGE_TOO_LARGE: 'too large', RECORD_LIST_TOO_LARGE: 'too large',
    INVALID_TOPIC_EXCEPTION: 'invalid', INVALID_RECORD: 'invalid', INVALID_TIMESTAMP: 'invalid', POLICY_VIOLATION: 'invalid', UNSUPPORTED_FOR_MESSAGE_FORMAT: 'invalid',
    OUT_OF_ORDER_SEQUENCE_NUMBER: 'producer lost', UNKNOWN_PRODUCER_ID: 'producer lost', INVALID_PRODUCER_EPOCH: 'producer lost', PRODUCER_FENCED: 'producer lost',
    INVALID_PRODUCER_ID_MAPPING: 'producer lost',
    TOPIC_AUTHORIZATION_FAILED: 'refused', GROUP_AUTHORIZATION_FAILED: 'refused', CLUSTER_AUTHORIZATION_FAILED: 'refused', SASL_AUTHENTICATION_FAILED: 'refused',
    UNSUPPORTED_SASL_MECHANISM: 'refused', ILLEGAL_SASL_STATE: 'refused', INVALID_GROUP_ID: 'refused', INCONSISTENT_GROUP_PROTOCOL: 'refused'
};

/** What Kafka's name of an error means, where it is no case of "later". */
export const kindOfId = (id: string): FailureKind | undefined => KINDS[id];

interface ClientError extends Error {
    readonly code?: string;
    readonly apiId?: string;
    readonly errors?: readonly Error[];
}

/** An error and all that it was made of. */
function* chain(error: unknown, depth = 0): Generator<ClientError> {
    if (!(error instanceof Error) || depth > 10)
        return;
    yield error;
    for (const part of (error as ClientError).errors ?? [])
        yield* chain(part, depth + 1);
    yield* chain(error.cause, depth + 1);
}

/** Kafka's name of what is wrong, such as `NOT_LEADER_OR_FOLLOWER`, where the broker has said so. */
export const protocolIds = (error: unknown): string[] => [...chain(error)].flatMap(({apiId}) => apiId ?? []);

export const isTimeout = (error: unknown): boolean => [...chain(error)].some(({code}) => code === 'PLT_KFK_TIMEOUT');

/** The library has a text for it alone. */
export const isUnknownTopic = (error: unknown): boolean => [...chain(error)].some(({message, apiId}) => apiId === 'UNKNOWN_TOPIC_OR_PARTITION' || message.startsWith('Unknown topic '));

/** What unpacking throws at bytes that are not what their batch says: zlib, WebAssembly (snappy, LZ4), and the library's reader. */
export const isMangled = (error: unknown): boolean => [...chain(error)].some(({code, name}) => code === 'OUT_OF_BOUNDS' || code?.startsWith('Z_') === true || name === 'RuntimeError' || name === 'RangeError');

/** Errors of the client library in the terms of the port. */
export function driverError(error: unknown): DriverError {
    if (error instanceof DriverError)
        return error;
    const parts = [...chain(error)];
    const kind = kindOf(parts);
    // What says most stands innermost: the outer ones count attempts.
    const innermost = [...parts].reverse().find(({message}) => message !== '');
    return new DriverError(kind, innermost?.message ?? String(error), error);
}

function kindOf(parts: readonly ClientError[]): FailureKind {
    for (const {apiId, code} of parts) {
        const kind = apiId === undefined ? undefined : KINDS[apiId];
        if (kind !== undefined)
            return kind;
        if (code === 'PLT_KFK_AUTHENTICATION')
            return 'refused';
        if (code === 'PLT_KFK_UNSUPPORTED_COMPRESSION' || code === 'PLT_KFK_UNSUPPORTED_FORMAT')
            return 'unreadable';
    }
    return 'later';
}
