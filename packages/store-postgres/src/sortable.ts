import {toSortableText} from '@woltage/postgres';

/*
 * A value as text whose bytes sort as `compareValues` does, whatever kinds meet in it:
 *
 *   missing, null    null
 *   false, true      '10', '11'
 *   number, bigint   '2', the nearest double as 16 hex digits, and what a bigint is above or below it
 *   Date             '3', its ms as 16 hex digits
 *   string           '4' and the text
 *   object, array    '5': they have no order between them
 */
const OTHER = '5';

const view = new DataView(new ArrayBuffer(8));

export function sortable(value: unknown): string | null {
    switch (typeof value) {
        case 'string':
            return `4${toSortableText(value)}`;
        case 'number':
            return `2${doubleText(value)}1`;
        case 'bigint':
            return `2${bigintText(value)}`;
        case 'boolean':
            return value ? '11' : '10';
        default:
            return value === undefined || value === null ? null : value instanceof Date ? `3${doubleText(value.getTime())}` : OTHER;
    }
}

/** The first character of what sorts as values of this one's kind do. */
export const kindText = (value: unknown): string => (sortable(value) ?? '0').slice(0, 1);

/** The first character of the next kind. */
export const nextKindText = (value: unknown): string => String(Number(kindText(value)) + 1);

function doubleText(value: number): string {
    // `0 + -0` is 0: the two zeros are one value.
    view.setFloat64(0, 0 + value);
    const isNegative = view.getUint8(0) >= 0x80;
    const high = isNegative ? ~view.getUint32(0) : view.getUint32(0) | 0x80000000;
    const low = isNegative ? ~view.getUint32(4) : view.getUint32(4);
    return hex(high) + hex(low);
}

const hex = (bits: number): string => (bits >>> 0).toString(16).padStart(8, '0');

/** The nearest double, and '1' where that is the number itself; otherwise '2' and what is missing, or '0' and what is too much, from much to little. */
function bigintText(value: bigint): string {
    const nearest = Number(value);
    const rest = Number.isFinite(nearest) ? value - BigInt(nearest) : value;
    return doubleText(nearest) + (rest === 0n ? '1' : rest > 0n ? `2${lengthAndDigits(rest)}` : `0${complement(lengthAndDigits(-rest))}`);
}

function lengthAndDigits(value: bigint): string {
    const text = value.toString();
    return String(text.length).padStart(9, '0') + text;
}

const complement = (text: string): string => text.replace(/\d/g, digit => String(9 - Number(digit)));
