/*
 * MongoDB takes a `$` at the start of a field's name for an operator and a `.` for a path, BSON ends a name at NUL, and the driver looks for `_bsontype`.
 * Such names are written with the character in question as `%` and four hexadecimal digits.
 */
const NEEDS_ESCAPE = /^\$|[.%\0]|^_bsontype$|^__proto__$|^$|\p{Surrogate}/u;
/** Names at the top of a document that belong to the store. */
const RESERVED = /^_(?:id|w)$/;
const EACH_TO_ESCAPE = /^\$|[.%\0]|^_(?=bsontype$|_proto__$)|\p{Surrogate}/gu;
const ESCAPE = /%([0-9a-f]{4})/g;
const EMPTY = '%';

const escape = (character: string): string => `%${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The name under which a field stands in MongoDB: itself, but for a few. */
export function toFieldName(name: string): string {
    if (!NEEDS_ESCAPE.test(name))
        return name;
    return name === '' ? EMPTY : name.replace(EACH_TO_ESCAPE, escape);
}

/** The same for a field at the top of a row. */
export const toTopFieldName = (name: string): string => RESERVED.test(name) ? escape('_') + name.slice(1) : toFieldName(name);

/** Turns back what {@link toFieldName} or {@link toTopFieldName} made. */
export function fromFieldName(name: string): string {
    if (!name.includes('%'))
        return name;
    return name === EMPTY ? '' : name.replace(ESCAPE, (_all, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
