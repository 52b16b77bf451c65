import {createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual} from 'node:crypto';
import type {JsonValue} from '../../shared/json-codec.ts';

/** Where a field stands. What was encrypted for one place can't be decrypted at another. */
export interface Place {
    readonly eventId: string;
    readonly type: string;
    readonly path: readonly (string | number)[];
}

/** What a sealed field is made of. */
export interface Envelope {
    /** The subject's reference, see {@link referenceTo}. */
    readonly subject: string;
    readonly nonce: Uint8Array;
    readonly tag: Uint8Array;
    /** Tells whether anything was changed, also when the subject's key is gone. */
    readonly mac: Uint8Array;
    readonly data: Uint8Array;
}

const FORMAT = 'w1';
const ALGORITHM = 'aes-256-gcm';
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAC_BYTES = 16;
const SUBJECT_BYTES = 18;

/** What stands for a subject in the database: it tells nothing of a subject that can't be guessed. */
export const referenceTo = (subject: string): string =>
    createHash('sha256').update(`woltage subject\n${subject}`).digest().subarray(0, SUBJECT_BYTES).toString('base64url');

/** Seals a value: `w1.<subject>.<nonce, tag, mac, data>`, the last in base64url. */
export function seal(value: JsonValue, place: Place, subject: string, key: Uint8Array, integrityKey: Uint8Array): string {
    const bound = binding(place, subject);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(bound);
    const data = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    const tag = cipher.getAuthTag();
    const mac = macOf(bound, {nonce, tag, data}, integrityKey);
    return `${FORMAT}.${subject}.${Buffer.concat([nonce, tag, mac, data]).toString('base64url')}`;
}

/** @returns `undefined` when it is no sealed field */
export function parseEnvelope(text: string): Envelope | undefined {
    const [, subject, content] = /^w1\.([\w-]{24})\.([\w-]+)$/.exec(text) ?? [];
    if (subject === undefined || content === undefined)
        return undefined;
    const bytes = Buffer.from(content, 'base64url');
    const start = NONCE_BYTES + TAG_BYTES + MAC_BYTES;
    // Some texts differ in bits that no byte holds.
    if (bytes.length < start || bytes.toString('base64url') !== content)
        return undefined;
    const part = (from: number, length: number): Uint8Array => bytes.subarray(from, from + length);
    return {
        subject, nonce: part(0, NONCE_BYTES), tag: part(NONCE_BYTES, TAG_BYTES), mac: part(NONCE_BYTES + TAG_BYTES, MAC_BYTES), data: bytes.subarray(start)
    };
}

/** The reference of the subject whose key a text needs; `undefined` when it is no sealed field. */
export const subjectOf = (text: string): string | undefined => /^w1\.([\w-]{24})\./.exec(text)?.[1];

/**
 * Opens an envelope, when it is as it was made, and for this place.
 *
 * @param keyOf Gives the subject's key, or `undefined` for one that was forgotten; asked only when all is well
 * @returns `undefined` when it was tampered with, an object without a value when the subject was forgotten
 */
export function openEnvelope(envelope: Envelope, place: Place, integrityKey: Uint8Array, keyOf: (subject: string) => Uint8Array | undefined): {readonly value?: JsonValue} | undefined {
    const {subject, nonce, tag, data, mac} = envelope;
    const bound = binding(place, subject);
    if (!timingSafeEqual(mac, macOf(bound, envelope, integrityKey)))
        return undefined;
    const key = keyOf(subject);
    if (key === undefined)
        return {};
    const decipher = createDecipheriv(ALGORITHM, key, nonce, {authTagLength: TAG_BYTES}).setAAD(bound).setAuthTag(tag);
    const text = decipher.update(data, undefined, 'utf8');
    try {
        return {value: JSON.parse(text + decipher.final('utf8')) as JsonValue};
    } catch {
        // Not with this key: the key store has another one now.
        return undefined;
    }
}

/** Some event stores write ids in lower case. */
const binding = ({eventId, type, path}: Place, subject: string): Buffer => Buffer.from(JSON.stringify([FORMAT, subject, eventId.toLowerCase(), type, path]));

const macOf = (bound: Buffer, {nonce, tag, data}: Pick<Envelope, 'nonce' | 'tag' | 'data'>, key: Uint8Array): Uint8Array =>
    createHmac('sha256', key).update(bound).update(nonce).update(tag).update(data).digest().subarray(0, MAC_BYTES);
