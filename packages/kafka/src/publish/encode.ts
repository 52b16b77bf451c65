import type {OutgoingMessage} from 'woltage';
import type {RawMessage} from '../driver/kafka-driver.ts';

/** What a message takes in a batch beside its own bytes, at most. */
const OVERHEAD = 50;

const bytesOf = (value: Uint8Array | string): Buffer =>
    typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);

/** Copies bytes that belong to the caller: they are sent later. */
const copyOf = (value: Uint8Array | string): Buffer => typeof value === 'string' ? Buffer.from(value) : Buffer.from(bytesOf(value));

export function encodeMessage({key, value, headers}: OutgoingMessage): RawMessage {
    return {
        key: key === null || key === undefined ? null : Buffer.from(key),
        value: value === null ? null : copyOf(value),
        headers: new Map(Object.entries(headers ?? {}).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]))
    };
}

/** Bytes, roughly and rather too many. */
export function sizeOf({key, value, headers}: RawMessage): number {
    let size = OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0);
    for (const [name, text] of headers)
        size += name.length + text.length + 10;
    return size;
}
