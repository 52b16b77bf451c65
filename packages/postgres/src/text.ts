/*
 * PostgreSQL keeps text as UTF-8 without NUL: there is no place for half a surrogate pair either, and different strings would become one,
 * or be refused. Such characters are written as U+FFFF and four digits; so is U+FFFF, which nobody uses.
 */
const SPECIAL = /[\0\p{Surrogate}\uffff]/u;
const EACH_SPECIAL = /[\0\p{Surrogate}\uffff]/gu;

/** Any string as text that PostgreSQL keeps; different strings stay different, and nearly all are as they were. */
export const toText = (value: string): string =>
    SPECIAL.test(value) ? value.replace(EACH_SPECIAL, unit => `\uffff${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) : value;

/** Turns back what {@link toText} made. */
export const fromText = (text: string): string =>
    text.includes('\uffff') ? text.replace(/\uffff([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16))) : text;

/*
 * Where the order of the bytes must be the portable order of strings (by code points, halves of pairs behind all others), every half is
 * a character of its own, and NUL makes room for itself below U+0001.
 */
const OFFSET = 0x10000;
const UNSORTED = /[\0\u0001\ud800-\udfff]/;
const EACH_UNSORTED = /[\0\u0001\ud800-\udfff]/g;
const EACH_STAND_IN = /\u0001[\u0001\u0002]|[\u{1d800}-\u{1dfff}]/gu;

/** Any string as text that PostgreSQL keeps, and sorts (`COLLATE "C"`) as `compareValues` does; different strings stay different. */
export const toSortableText = (value: string): string => UNSORTED.test(value)
    ? value.replace(EACH_UNSORTED, unit => unit === '\0' ? '\u0001\u0001' : unit === '\u0001' ? '\u0001\u0002' : String.fromCodePoint(unit.charCodeAt(0) + OFFSET))
    : value;

/** Turns back what {@link toSortableText} made. */
export const fromSortableText = (text: string): string => UNSORTED.test(text)
    ? text.replace(EACH_STAND_IN, unit => unit.startsWith('\u0001') ? (unit === '\u0001\u0001' ? '\0' : '\u0001') : String.fromCharCode((unit.codePointAt(0) as number) - OFFSET))
    : text;
