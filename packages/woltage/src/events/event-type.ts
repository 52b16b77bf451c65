/**
 * The event type that a class name stands for: `UserRegistered` is `user.registered`. Every capital letter begins a word;
 * for names with acronyms, and where a minifier renames classes, give the class a `static type`.
 */
export function eventTypeOf(className: string): string {
    return className
        .replace(/\W+/g, ' ')
        .split(/ |\B(?=[A-Z])/)
        .map(word => word.toLowerCase())
        .join('.');
}

/** Names an event class in projectors and aggregates: `[UserRegistered.identity](event) {...}`. */
export type EventIdentity = `${string}@${number}`;

export const eventIdentity = (type: string, version: number): EventIdentity => `${type}@${version}`;
