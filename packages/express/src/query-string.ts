/**
 * The query string of a URL as plain strings; a name that occurs several times gives a list. Brackets and dots in names mean
 * nothing, and a name such as `__proto__` is a name like any other.
 */
export function parseQuery(url: string): Record<string, string | string[]> {
    const at = url.indexOf('?');
    const values = new Map<string, string | string[]>();
    for (const [name, value] of new URLSearchParams(at < 0 ? '' : url.slice(at + 1))) {
        const before = values.get(name);
        if (before === undefined)
            values.set(name, value);
        else if (typeof before === 'string')
            values.set(name, [before, value]);
        else
            before.push(value);
    }
    // Object.fromEntries defines properties instead of assigning them: `__proto__` becomes an own one.
    return Object.fromEntries(values);
}
