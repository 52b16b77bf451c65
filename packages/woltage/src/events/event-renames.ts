import {ConfigError} from '../errors/index.ts';
import {isEventVersion, type EventClass} from './event.ts';
import {eventIdentity} from './event-type.ts';

/** What a class of events was called before: a type with all its versions, or one version of a type. */
export type RenamedFrom = string | {readonly type: string; readonly version: number};

/** Which event of today's names a recorded one is. */
export interface EventName {
    readonly type: string;
    readonly version: number;
}

/** Old names of events, by `static renamedFrom` of their classes. */
export class EventRenames {
    readonly #types = new Map<string, string>();
    readonly #identities = new Map<string, EventName>();
    readonly #before = new Map<string, Set<string>>();
    readonly #fail: (eventClass: EventClass, why: string) => ConfigError;

    /** @throws ConfigError `EVENT_RENAME_INVALID` */
    constructor(classes: readonly EventClass[], sourceOf: (eventClass: EventClass) => string) {
        this.#fail = (eventClass, why) => new ConfigError(`Event class ${sourceOf(eventClass)}: its \`static renamedFrom\` ${why}`, {code: 'EVENT_RENAME_INVALID'});
        for (const eventClass of classes) {
            for (const before of this.#namesBefore(eventClass))
                this.#add(eventClass, before);
        }
        this.#checkClashes(classes);
    }

    /** Today's name of a recorded event. */
    nameOf(type: string, version: number): EventName {
        if (this.#before.size === 0)
            return {type, version};
        return this.#identities.get(eventIdentity(type, version)) ?? {type: this.#types.get(type) ?? type, version};
    }

    /** The types under which events of a type were recorded before it had its name. */
    typesBefore(type: string): readonly string[] {
        return [...this.#before.get(type) ?? []];
    }

    #namesBefore(eventClass: EventClass): readonly RenamedFrom[] {
        if (!Object.hasOwn(eventClass, 'renamedFrom'))
            return [];
        const {renamedFrom} = eventClass as unknown as {readonly renamedFrom: unknown};
        const names: unknown[] = Array.isArray(renamedFrom) ? renamedFrom : [renamedFrom];
        for (const name of names) {
            if (!isName(name))
                throw this.#fail(eventClass, 'must be an event type such as \'order.placed\', {type, version}, or a list of these.');
        }
        return names as RenamedFrom[];
    }

    #add(eventClass: EventClass, before: RenamedFrom): void {
        const {type, version} = eventClass;
        const old = typeof before === 'string' ? before : before.type;
        if (old === type)
            throw this.#fail(eventClass, `names its own type '${type}'.`);
        this.#before.set(type, (this.#before.get(type) ?? new Set()).add(old));
        if (typeof before === 'string') {
            const other = this.#types.get(before);
            if (other !== undefined && other !== type)
                throw this.#fail(eventClass, `names '${before}', and so does that of '${other}': an event can only be one of them.`);
            this.#types.set(before, type);
            return;
        }
        const identity = eventIdentity(before.type, before.version);
        const other = this.#identities.get(identity);
        if (other !== undefined)
            throw this.#fail(eventClass, `names '${identity}', and so does that of '${eventIdentity(other.type, other.version)}': an event can only be one of them.`);
        this.#identities.set(identity, {type, version});
    }

    #checkClashes(classes: readonly EventClass[]): void {
        const byIdentity = new Map(classes.map(eventClass => [eventClass.identity as string, eventClass]));
        for (const [identity, {type, version}] of this.#identities) {
            const renamed = byIdentity.get(eventIdentity(type, version)) as EventClass;
            if (byIdentity.has(identity))
                throw this.#fail(renamed, `names '${identity}', which is a class of its own. Remove that class, or the name.`);
            const all = this.#types.get(identity.slice(0, identity.lastIndexOf('@')));
            if (all !== undefined && all !== type)
                throw this.#fail(renamed, `names '${identity}', and that of '${all}' names all versions of that type: an event can only be one of them.`);
        }
        for (const old of classes) {
            const renamed = this.#types.get(old.type);
            if (renamed !== undefined)
                throw this.#fail(classes.find(({type}) => type === renamed) as EventClass, this.#types.get(renamed) === old.type
                    ? `names '${old.type}', whose own names '${renamed}': that is a circle.`
                    : `names '${old.type}', which has classes of its own. Remove them, or name single versions: {type: '${old.type}', version: 1}.`);
        }
    }
}

function isName(name: unknown): name is RenamedFrom {
    if (typeof name === 'string')
        return name !== '';
    const {type, version} = (name ?? {}) as {readonly type?: unknown; readonly version?: unknown};
    return typeof type === 'string' && type !== '' && isEventVersion(version);
}
