import {ConfigError, UnavailableError, type WoltageError} from 'woltage';
import {driverError} from './driver/failures.ts';

/** What callers are told in place of a failure of the driver. */
export function kafkaError(error: unknown, brokers: readonly string[]): WoltageError {
    const {kind, message} = driverError(error);
    const kafka = `Kafka at ${brokers.join(', ')}`;
    return kind === 'refused'
        ? new ConfigError(`${kafka} refuses the credentials, or what they are needed for: ${message}`, {code: 'KAFKA_CREDENTIALS', cause: error})
        : new UnavailableError(`${kafka} can't be reached, or can't serve this now: ${message}`, {code: 'BROKER_UNAVAILABLE', cause: error});
}
