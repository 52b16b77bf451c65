import {inspect} from 'node:util';
import {isWoltageError, type Event} from 'woltage';

const MAX_LENGTH = 400;

/** A value on one line, as it would stand in code. */
export function print(value: unknown): string {
    const text = inspect(value, {depth: 8, breakLength: Infinity, compact: true, sorted: false}).replace(/\s*\n\s*/g, ' ')
        .replace(/\{ /g, '{').replace(/ \}/g, '}').replace(/\[ /g, '[').replace(/ \]/g, ']');
    return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

export interface PrintableEvent {
    /** The class's name. */
    readonly name: string;
    readonly version: number;
    readonly payload: unknown;
    readonly meta: unknown;
}

export const toPrintable = (event: Event): PrintableEvent =>
    ({name: event.constructor.name, version: event.version, payload: event.payload, meta: event.meta});

/** An event on one line: `Withdrawn {amount: 10}`, with the version where it isn't the first. */
export function printEvent({name, version, payload, meta}: PrintableEvent): string {
    const hasMeta = typeof meta === 'object' && meta !== null && Object.keys(meta).length > 0;
    return `${name}${version === 1 ? '' : `@${version}`} ${print(payload)}${hasMeta ? ` meta ${print(meta)}` : ''}`;
}

/** An error on one line. */
export function printError(error: unknown): string {
    if (!(error instanceof Error))
        return `${print(error)}, which is not an Error`;
    return `${error.name}${isWoltageError(error) ? ` ${error.code}` : ''}: ${error.message}`;
}
