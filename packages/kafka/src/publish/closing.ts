import {UnavailableError} from 'woltage';

/** What everything fails with that a broker's end breaks off: the reason of its signals. */
export const closedError = (cause?: unknown): UnavailableError =>
    new UnavailableError('The Kafka broker was closed while it was waited for; messages that were under way may have been published.', {code: 'CLOSED', cause});
