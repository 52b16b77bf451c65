import {ConfigError, WoltageError} from '../errors/index.ts';
import {CastRefusal} from './automatic-cast.ts';
import type {Event, EventClass} from './event.ts';
import type {EventCatalogue} from './event-catalogue.ts';
import type {Way} from './event-casts.ts';
import type {RecordedEvent} from './recorded-event.ts';

export interface HandledEvent<H> {
    readonly event: Event;
    readonly handler: H;
}

interface Target<H> {
    readonly handler: H;
    readonly eventClass: EventClass;
}

/** A handled version and the way to it. */
interface Cast<H> extends Target<H> {
    readonly way: Way;
}

/** How events of one recorded type and version reach a handler. */
interface Route<H> {
    /** The handler of just this version. */
    readonly exact: Target<H> | undefined;
    /** The other versions that are handled and that a written way leads to, the newest first. */
    readonly written: readonly Cast<H>[];
    /** The rest of them, the newest first. */
    readonly others: readonly Cast<H>[];
    /** There is a class for the recorded version. */
    readonly isKnown: boolean;
}

/** Handlers by event identity, with the way from a recorded version to the version that a handler asks for. */
export class EventHandlers<H> {
    /** The types that events which are handled may be recorded under, older names among them. */
    readonly types: readonly string[];
    readonly #catalogue: EventCatalogue;
    readonly #owner: string;
    readonly #byType = new Map<string, Map<number, H>>();
    readonly #routes = new Map<string, Map<number, Route<H> | undefined>>();
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
        this.types = [...new Set([...this.#byType.keys()].flatMap(type => catalogue.recordedTypes(type)))];
    }

    /** Whose handlers they are. */
    get owner(): string {
        return this.#owner;
    }

    /**
     * The event of a record and its handler; `undefined` where nobody asks for it. An event of another version than those handled is cast: by what is written, else
     * automatically, else by the runtime's `eventCastingFallback`, which goes before automatic casts where no class has the recorded version.
     *
     * @throws WoltageError `EVENT_VERSION_UNREACHABLE` when only other versions are handled and no cast leads there: an
     * event is never dropped in silence; `UPCAST_FAILED`, `DOWNCAST_FAILED`, `CASTING_FALLBACK_FAILED`
     */
    resolve(record: RecordedEvent): HandledEvent<H> | undefined {
        const route = this.#route(record.type, record.version);
        if (route === undefined)
            return this.#fallback === undefined ? undefined : {event: this.#catalogue.toEvent(record), handler: this.#fallback};
        const {exact} = route;
        return exact === undefined
            ? this.#cast(record, route)
            : {event: this.#catalogue.eventOf(exact.eventClass, record), handler: exact.handler};
    }

    /** Whether events of a type and version are handled just as they are recorded (`exact`), may need a cast, or aren't asked for (`none`). */
    handles(type: string, version: number): 'exact' | 'cast' | 'none' {
        const route = this.#route(type, version);
        if (route !== undefined)
            return route.exact === undefined ? 'cast' : 'exact';
        return this.#fallback === undefined ? 'none' : this.#catalogue.get(type, version) === undefined ? 'cast' : 'exact';
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

    #route(type: string, version: number): Route<H> | undefined {
        let routes = this.#routes.get(type);
        if (routes === undefined)
            this.#routes.set(type, routes = new Map<number, Route<H> | undefined>());
        let route = routes.get(version);
        if (route === undefined && !routes.has(version))
            routes.set(version, route = this.#findRoute(type, version));
        return route;
    }

    #findRoute(recordedType: string, recordedVersion: number): Route<H> | undefined {
        const {type, version} = this.#catalogue.nameOf(recordedType, recordedVersion);
        const isKnown = this.#catalogue.get(type, version) !== undefined;
        if (this.#byType.has(type)) {
            const targets = this.#targets(type);
            return {exact: targets.find(({eventClass}) => eventClass.version === version), ...this.#ways(type, version, targets), isKnown};
        }
        // A version that nobody knows, of a type that other versions of what is handled here were recorded under: it may be one of them.
        return !isKnown && this.types.includes(recordedType) ? {exact: undefined, written: [], others: [], isKnown} : undefined;
    }

    /** What is handled of a type, the newest first. */
    #targets(type: string): readonly Target<H>[] {
        const targets: Target<H>[] = [];
        for (const [version, handler] of [...this.#byType.get(type) ?? []].sort(([a], [b]) => b - a)) {
            const eventClass = this.#catalogue.get(type, version);
            if (eventClass !== undefined)
                targets.push({handler, eventClass});
        }
        return targets;
    }

    #ways(type: string, from: number, targets: readonly Target<H>[]): Pick<Route<H>, 'written' | 'others'> {
        const casts = targets
            .filter(({eventClass: {version}}) => version !== from)
            .map(target => ({...target, way: this.#catalogue.way(type, from, target.eventClass.version)}));
        return {written: casts.filter(({way}) => isWritten(way)), others: casts.filter(({way}) => !isWritten(way))};
    }

    #cast(record: RecordedEvent, {written, others, isKnown}: Route<H>): HandledEvent<H> {
        const refusals: string[] = [];
        const handled = this.#castBy(written, record, refusals)
            ?? (isKnown ? undefined : this.#askFallback(written, others, record))
            ?? this.#castBy(others, record, refusals)
            ?? (isKnown ? this.#askFallback(written, others, record) : undefined);
        if (handled !== undefined)
            return handled;
        if (this.#fallback !== undefined)
            return {event: this.#catalogue.toEvent(record), handler: this.#fallback};
        throw this.#unreachable(record, refusals);
    }

    /** @param refusals Gets the reasons why casts were refused */
    #castBy(casts: readonly Cast<H>[], record: RecordedEvent, refusals: string[]): HandledEvent<H> | undefined {
        for (const {eventClass, handler, way} of casts) {
            const event = this.#catalogue.castAlong(way, eventClass, record);
            if (!(event instanceof CastRefusal))
                return {event, handler};
            refusals.push(`To version ${eventClass.version}: ${event.reason}.`);
        }
        return undefined;
    }

    #askFallback(written: readonly Cast<H>[], others: readonly Cast<H>[], record: RecordedEvent): HandledEvent<H> | undefined {
        for (const {eventClass, handler} of [...written, ...others]) {
            const event = this.#catalogue.castByFallback(eventClass, record);
            if (event !== undefined)
                return {event, handler};
        }
        return undefined;
    }

    #unreachable({type, version, id, position}: RecordedEvent, reasons: readonly string[]): WoltageError {
        const name = this.#catalogue.nameOf(type, version);
        const handled = [...this.#byType.get(name.type)?.keys() ?? []];
        const what = handled.length === 0 ? `events that were recorded as '${type}'` : `'${name.type}' in version ${handled.join(', ')}`;
        return new WoltageError(`${this.#owner} handles ${what}, but event ${id} at position ${position} has version ${version}`
            + `${name.type === type ? '' : ` of '${type}'`}, and no cast leads from one to the other. ${reasons.join(' ')} Handle version ${version} too, or add `
            + `\`static upcast(payload)\` to the versions after it, or \`eventCastingFallback\` to the config.`, 500, {
            code: 'EVENT_VERSION_UNREACHABLE', details: {id, type, version, position: String(position), handled, reasons}
        });
    }
}

const isWritten = (way: Way): boolean => !(way instanceof CastRefusal) && way.every(step => step.isWritten);

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
