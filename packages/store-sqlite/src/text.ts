/*
 * SQLite keeps text as UTF-8, which has no place for half a surrogate pair: drivers put a replacement character there, and
 * different names would become one. Such halves are written as U+FFFF and four digits; so is U+FFFF, which nobody uses.
 */
const SPECIAL = /[\p{Surrogate}\uffff]/gu;

/** Any string as text that SQLite keeps; different strings stay different. */
export const toText = (value: string): string =>
    value.search(SPECIAL) === -1 ? value : value.replace(SPECIAL, unit => `\uffff${unit.charCodeAt(0).toString(16)}`);

/** Turns back what {@link toText} made. */
export const fromText = (text: string): string =>
    text.includes('\uffff') ? text.replace(/\uffff([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16))) : text;
