import {ConfigError, WoltageError} from '../errors/index.ts';
import type {Event} from './event.ts';
import type {EventCatalogue} from './event-catalogue.ts';
import type {RecordedEvent} from './recorded-event.ts';

export interface HandledEvent<H> {
    readonly event: Event;
    readonly handler: H;
}

type Route<H> = {readonly handler: H; readonly version: number} | 'unreachable' | undefined;

/** Handlers by event identity, with the way from a recorded version to the version that a handler asks for. */
export class EventHandlers<H> {
    /** The event types that are handled. */
    readonly types: readonly string[];
    readonly #catalogue: EventCatalogue;
    readonly #owner: string;
    readonly #byType = new Map<string, Map<number, H>>();
    readonly #routes = new Map<string, Map<number, Route<H>>>();
    readonly #fallback: H | undefined;

    /**
     * @param handlers By event identity; other keys are left alone
     * @param owner Names whose handlers they are, for messages
     * @param fallback Gets the events that have no handler of their own
     * @throws ConfigError `UNKNOWN_EVENT_CLASS` when a handler's event class isn't in the catalogue
     */
    constructor(catalogue: EventCatalogue, handlers: Iterable<readonly [string, H]>, owner: string, fallback?: H) {
        this.#catalogue = catalogue;
        this.#owner = owner;
        this.#fallback = fallback;
        for (const [identity, handler] of handlers)
            this.#add(identity, handler);
        this.types = [...this.#byType.keys()];
    }

    /**
     * The event of a record and its handler; `undefined` where nobody asks for it. An event of an older version than the one
     * handled is upcast.
     *
     * @throws WoltageError `EVENT_VERSION_UNREACHABLE` when only other versions are handled and no upcast leads there: an
     * event is never dropped in silence
     */
    resolve(record: RecordedEvent): HandledEvent<H> | undefined {
        const route = this.#route(record.type, record.version);
        if (route === undefined)
            return this.#fallback === undefined ? undefined : {event: this.#catalogue.toEvent(record), handler: this.#fallback};
        if (route === 'unreachable')
            throw this.#unreachable(record);
        const event = route.version === record.version
            ? this.#catalogue.toEvent(record)
            : this.#catalogue.toUpcastEvent(record, route.version);
        return {event, handler: route.handler};
    }

    #add(identity: string, handler: H): void {
        const [, type, digits] = /^(.+)@(\d+)$/.exec(identity) ?? [];
        if (type === undefined || digits === undefined)
            return;
        const version = Number(digits);
        if (!this.#catalogue.isOpen && this.#catalogue.get(type, version) === undefined)
            throw new ConfigError(`${this.#owner} handles '${identity}', but no such event class is known here. Add the class to `
                + '`eventClasses` in the config, or to the directory that is configured there.', {code: 'UNKNOWN_EVENT_CLASS'});
        const versions = this.#byType.get(type) ?? new Map<number, H>();
        this.#byType.set(type, versions.set(version, handler));
    }

    #route(type: string, version: number): Route<H> {
        let routes = this.#routes.get(type);
        if (routes === undefined)
            this.#routes.set(type, routes = new Map<number, Route<H>>());
        let route = routes.get(version);
        if (route === undefined && !routes.has(version))
            routes.set(version, route = this.#findRoute(type, version));
        return route;
    }

    #findRoute(type: string, version: number): Route<H> {
        const handlers = this.#byType.get(type);
        if (handlers === undefined)
            return undefined;
        const exact = handlers.get(version);
        if (exact !== undefined)
            return {handler: exact, version};
        for (const [handled, handler] of [...handlers].sort(([a], [b]) => b - a)) {
            if (this.#catalogue.canUpcast(type, version, handled))
                return {handler, version: handled};
        }
        return this.#fallback === undefined ? 'unreachable' : undefined;
    }

    #unreachable({type, version, id, position}: RecordedEvent): WoltageError {
        const handled = [...this.#byType.get(type)?.keys() ?? []].join(', ');
        return new WoltageError(`${this.#owner} handles '${type}' in version ${handled}, but event ${id} at position ${position} `
            + `has version ${version}, and no \`static upcast\` leads from one to the other. Handle version ${version} too, or add `
            + `\`static upcast(payload)\` to the versions after ${version}.`, 500, {code: 'EVENT_VERSION_UNREACHABLE'});
    }
}

/** The handlers among an object's own properties and those of its classes, down to (not including) `base`. */
export function* handlerEntries(object: object, base: object = Object.prototype): Generator<[string, unknown]> {
    const seen = new Set<string>();
    for (let o: object | null = object; o !== null && o !== base && o !== Object.prototype; o = Object.getPrototypeOf(o) as object | null) {
        for (const [name, {value}] of Object.entries<PropertyDescriptor>(Object.getOwnPropertyDescriptors(o))) {
            if (!seen.has(name) && typeof value === 'function') {
                seen.add(name);
                yield [name, value];
            }
        }
    }
}
