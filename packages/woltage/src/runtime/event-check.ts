import {isWoltageError} from '../errors/index.ts';
import {eventIdentity, type EventCatalogue, type EventHandlers, type RecordedEvent} from '../events/index.ts';
import {compileHandlers} from '../projections/index.ts';
import type {Definitions} from './definitions.ts';

/** One event of many. */
export interface EventExample {
    readonly id: string;
    readonly position: bigint;
    readonly aggregateName: string;
    readonly aggregateId: string;
}

/** What there is in the store of a type and version. */
export interface StoredType {
    readonly type: string;
    readonly version: number;
    readonly events: number;
    readonly example: EventExample;
    /** There is a class for it, by today's name or an older one. */
    readonly hasClass: boolean;
    /** The aggregates and projectors that handle the type, in whatever version. */
    readonly handledBy: readonly string[];
}

/** Events of a type and version that can't be read, or not by all who handle the type. */
export interface EventProblem {
    readonly type: string;
    readonly version: number;
    /** How many there are. */
    readonly events: number;
    /** The first of them. */
    readonly example: EventExample;
    /** Who handles the type and can't read them; nobody, where there are no handlers. */
    readonly handledBy: readonly string[];
    /** Of the error that reading would be, such as `UNKNOWN_EVENT`, `EVENT_VERSION_UNREACHABLE` or `UPCAST_FAILED`. */
    readonly code: string;
    readonly message: string;
}

export interface EventReport {
    /** Every event can be read by everybody who handles it. */
    readonly ok: boolean;
    /** How many were looked at. */
    readonly events: number;
    readonly types: readonly StoredType[];
    readonly problems: readonly EventProblem[];
}

interface Reader {
    readonly handlers: EventHandlers<unknown>;
    /** An aggregate reads the streams of its own name alone. */
    readonly aggregateName: string | undefined;
}

type Growing<T> = {-readonly [K in keyof T]: T[K]};
interface TypeEntry {
    readonly stored: Growing<StoredType>;
    /** Those that need a cast. */
    readonly casting: readonly Reader[];
}

/** Reads events as all aggregates and projectors would, and keeps account. What it holds grows with the number of types and versions, not of events. */
export class EventCheck {
    readonly #catalogue: EventCatalogue;
    readonly #readers: readonly Reader[];
    readonly #types = new Map<string, TypeEntry>();
    readonly #problems = new Map<string, Growing<EventProblem>>();
    #events = 0;

    constructor({catalogue, folds, projectors}: Definitions) {
        this.#catalogue = catalogue;
        this.#readers = [
            ...[...folds].map(([{name}, {handlers}]) => ({handlers, aggregateName: name})),
            ...[...projectors.values()].map(projector => ({handlers: compileHandlers(projector, new projector(), catalogue), aggregateName: undefined}))
        ];
    }

    add(record: RecordedEvent): void {
        const key = eventIdentity(record.type, record.version);
        let entry = this.#types.get(key);
        if (entry === undefined)
            this.#types.set(key, entry = this.#entryOf(record));
        this.#events++;
        entry.stored.events++;
        if (entry.casting.length > 0 || !entry.stored.hasClass)
            this.#read(record, entry);
    }

    /** How many events it has been given. */
    get count(): number {
        return this.#events;
    }

    get report(): EventReport {
        const byName = (a: StoredType | EventProblem, b: StoredType | EventProblem): number => a.type < b.type ? -1 : a.type > b.type ? 1 : a.version - b.version;
        return {
            ok: this.#problems.size === 0,
            events: this.#events,
            types: [...this.#types.values()].map(({stored}) => stored).sort(byName),
            problems: [...this.#problems.values()].sort(byName)
        };
    }

    #entryOf(record: RecordedEvent): TypeEntry {
        const {type, version} = record;
        const name = this.#catalogue.nameOf(type, version);
        const handling = this.#readers.filter(({handlers}) => handlers.handles(type, version) !== 'none');
        return {
            stored: {
                type, version, events: 0, example: exampleOf(record), hasClass: this.#catalogue.get(name.type, name.version) !== undefined,
                // An aggregate with `$all` reads any type, in its own streams.
                handledBy: handling.filter(({aggregateName, handlers}) => handlers.types.includes(type) || aggregateName === record.aggregateName).map(({handlers}) => handlers.owner)
            },
            casting: handling.filter(({handlers}) => handlers.handles(type, version) === 'cast')
        };
    }

    #read(record: RecordedEvent, {stored, casting}: TypeEntry): void {
        const readers = casting.filter(({aggregateName}) => aggregateName === undefined || aggregateName === record.aggregateName);
        const failed = new Set<string>();
        for (const {handlers} of readers)
            this.#try(record, () => handlers.resolve({...record}), handlers.owner, failed);
        if (readers.length === 0 && !stored.hasClass)
            this.#try(record, () => this.#catalogue.toEvent({...record}), undefined, failed);
    }

    /** @param failed The problems that this event counts for already */
    #try(record: RecordedEvent, read: () => unknown, owner: string | undefined, failed: Set<string>): void {
        try {
            read();
        } catch (error) {
            const code = isWoltageError(error) ? error.code : 'INTERNAL_ERROR';
            const key = `${eventIdentity(record.type, record.version)} ${code}`;
            let problem = this.#problems.get(key);
            if (problem === undefined) {
                problem = {
                    type: record.type, version: record.version, events: 0, example: exampleOf(record), handledBy: [], code,
                    message: error instanceof Error ? error.message : String(error)
                };
                this.#problems.set(key, problem);
            }
            problem.events += failed.has(key) ? 0 : 1;
            failed.add(key);
            if (owner !== undefined && !problem.handledBy.includes(owner))
                problem.handledBy = [...problem.handledBy, owner];
        }
    }
}

const exampleOf = ({id, position, aggregateName, aggregateId}: RecordedEvent): EventExample => ({id, position, aggregateName, aggregateId});
