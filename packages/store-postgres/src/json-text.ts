import {decodeJson, encodeJson} from 'woltage';

/*
 * PostgreSQL's jsonb has no place for NUL and for half a surrogate pair. Where JSON would write `\u0000`, U+FFFF and the four digits stand, and
 * so for U+FFFF itself, which nobody uses.
 */
const SPECIAL = /\\(?:u(0000|d[89a-f][0-9a-f]{2})|.)|\uffff/g;

/** A value as JSON that jsonb takes. @throws BadRequestError `NOT_ENCODABLE` */
export function toJsonText(value: unknown): string {
    const json = encodeJson(value);
    return json.includes('\\u') || json.includes('\uffff')
        ? json.replace(SPECIAL, (match, digits: string | undefined) => match === '\uffff' ? '\uffffffff' : digits === undefined ? match : `\uffff${digits}`)
        : json;
}

/** Turns back what {@link toJsonText} made. */
export const fromJsonText = (text: string): unknown => decodeJson(text.includes('\uffff') ? text.replace(/\uffff([0-9a-f]{4})/g, '\\u$1') : text);
