/*
 * BSON keeps text as UTF-8, which has no place for half a surrogate pair: different strings would become one. In the keys of records each half
 * is written as a character of its own, so that every string comes back, and the order of the bytes is the portable order of strings: by code
 * points, halves of pairs behind all others.
 */
const SURROGATE = /[\ud800-\udfff]/;
const EACH_SURROGATE = /[\ud800-\udfff]/g;
const EACH_STAND_IN = /[\u{1d800}-\u{1dfff}]/gu;
const LONE_SURROGATE = /\p{Surrogate}/u;
const OFFSET = 0x10000;

/** Any string as text that UTF-8 keeps, and sorts as `compareValues` does; different strings stay different. */
export const toText = (value: string): string =>
    SURROGATE.test(value) ? value.replace(EACH_SURROGATE, unit => String.fromCodePoint(unit.charCodeAt(0) + OFFSET)) : value;

/** Turns back what {@link toText} made. */
export const fromText = (text: string): string =>
    SURROGATE.test(text) ? text.replace(EACH_STAND_IN, character => String.fromCharCode((character.codePointAt(0) as number) - OFFSET)) : text;

/** Stands behind every character of such a text. */
export const BEHIND_TEXT = '\u{10ffff}';

/** Whether UTF-8 keeps this string as it is. */
export const isWellFormed = (value: string): boolean => !LONE_SURROGATE.test(value);
