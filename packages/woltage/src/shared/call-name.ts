import {encodeJson} from './json-codec.ts';

interface Named {
    readonly name?: string;
    readonly aggregate?: {readonly name: string};
    readonly commands?: unknown;
}

/** What a call of a command or a decision is about, whatever its payload: by handle and id, by names, or by decision and input. */
export function callName([target, second, third]: readonly unknown[]): string {
    if (typeof target === 'string')
        return `${target}.${String(third)}/${String(second)}`;
    const {name = '', aggregate, commands} = (target ?? {}) as Named;
    if (aggregate !== undefined)
        return `${aggregate.name}.${name}/${String(second)}`;
    return commands === undefined ? `${name}/${encodeJson(second ?? null)}` : `${name}.${String(third)}/${String(second)}`;
}
