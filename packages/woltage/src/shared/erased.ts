/**
 * What a personal field reads as when its subject was forgotten. It is plain data, and stays what it is in rows, copies and JSON: recognise it by
 * {@link isErased}, not by identity.
 */
export interface Erased {
    readonly $erased: true;
}

/** Whether a value stands in place of personal data that is gone for good. */
export const isErased = (value: unknown): value is Erased =>
    typeof value === 'object' && value !== null && (value as Partial<Erased>).$erased === true && Object.keys(value).length === 1;

/** {@link Erased} itself. `value instanceof Erased` says the same as `isErased(value)`. */
export const Erased: Erased & {[Symbol.hasInstance](value: unknown): value is Erased} =
    Object.freeze(Object.defineProperty({$erased: true} as const, Symbol.hasInstance, {value: isErased})) as never;
