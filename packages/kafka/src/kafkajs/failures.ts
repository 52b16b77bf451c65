import {DriverError, type FailureKind} from '../driver/kafka-driver.ts';
import {kindOfId} from '../driver/failures.ts';

interface KafkaJsError extends Error {
    /** Kafka's name of what is wrong, where the broker has said so. */
    readonly type?: string;
}

const KINDS: Readonly<Record<string, FailureKind>> = {
    KafkaJSSASLAuthenticationError: 'refused',
    // Only said of compressions.
    KafkaJSNotImplemented: 'unreadable',
    // Only said when a producer's id is asked for.
    KafkaJSServerDoesNotSupportApiKey: 'not idempotent'
};

/** An error and its causes, the outermost first. */
function* chain(error: unknown): Generator<KafkaJsError> {
    for (let part = error, depth = 0; part instanceof Error && depth < 10; part = part.cause, depth++)
        yield part;
}

export const hasType = (error: unknown, type: string): boolean => [...chain(error)].some(part => part.type === type);

/** Errors of kafkajs in the terms of the port. */
export function kafkaJsError(error: unknown): DriverError {
    if (error instanceof DriverError)
        return error;
    const parts = [...chain(error)];
    const kind = parts.map(({type, name}) => (type === undefined ? undefined : kindOfId(type)) ?? KINDS[name]).find(found => found !== undefined);
    return new DriverError(kind ?? 'later', parts.at(-1)?.message ?? String(error), error);
}
