/*
 * Arrays of PostgreSQL as text, made here because the driver's own way takes several times as long for thousands of elements.
 */

/** An array of texts. */
export function textArray(values: readonly (string | null)[]): string {
    let text = '{';
    for (let i = 0; i < values.length; i++) {
        const value = values[i] as string | null;
        text += i === 0 ? '' : ',';
        text += value === null ? 'NULL' : quoteElement(value);
    }
    return `${text}}`;
}

/** An array of numbers or truth values, for example. */
export const plainArray = (values: readonly (string | number | bigint | boolean | null)[]): string => `{${values.map(value => value ?? 'NULL').join(',')}}`;

const SPECIAL = /["\\]/;

/** A text as an element of an array. */
export const quoteElement = (value: string): string => SPECIAL.test(value) ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : `"${value}"`;
