/**
 * What a personal field reads as when its subject was forgotten. It is plain data, and stays what it is in rows, copies and JSON: recognise it by
 * {@link isErased}, not by identity.
 */
export interface Erased {
    readonly $erased: true;
}

export const Erased: Erased = Object.freeze({$erased: true});

/** Whether a value stands in place of personal data that is gone for good. */
export const isErased = (value: unknown): value is Erased =>
    typeof value === 'object' && value !== null && (value as Partial<Erased>).$erased === true && Object.keys(value).length === 1;
