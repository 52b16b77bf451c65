import type {CommandOutcome, CommandRequest} from '../aggregates/index.ts';
import type {EventCatalogue, RecordedEvent} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';

/** What is kept of an outcome. */
export interface KeptOutcome {
    readonly revision: string;
    readonly position: string;
    readonly events: number;
    /** Whether the position of the last event was told. */
    readonly isPlaced: boolean;
}

/** Gives the id of a command's event, by its place. */
export type IdAt = (event: number) => Promise<string>;

/** A clock may be so much behind another's, in ms. */
const MAX_SKEW_MS = 600_000;

export const toKept = ({revision, position, events}: CommandOutcome): KeptOutcome =>
    ({revision: revision.toString(), position: position.toString(), events: events.length, isPlaced: (events.at(-1)?.position ?? -1n) >= 0n});

/** What commands have left in their streams, found by the ids of their events. */
export class CommandTraces {
    readonly #eventStore: IEventStore;
    readonly #catalogue: EventCatalogue;

    constructor(eventStore: IEventStore, catalogue: EventCatalogue) {
        this.#eventStore = eventStore;
        this.#catalogue = catalogue;
    }

    /** The outcome as it was, with the events as they are recorded. */
    async restore({command, aggregateId}: CommandRequest, {revision, position, events: count, isPlaced}: KeptOutcome): Promise<CommandOutcome> {
        const last = BigInt(revision);
        const records: RecordedEvent[] = [];
        if (count > 0) {
            for await (const page of this.#eventStore.read(command.aggregate.name, aggregateId, {fromRevision: last - BigInt(count - 1), limit: count, tombstone: true}))
                records.push(...page.filter(record => record.revision <= last));
        }
        const events = records.map((record, i) => this.#catalogue.toEvent(isPlaced && i === count - 1 ? record : {...record, position: -1n}));
        return {revision: last, position: BigInt(position), events};
    }

    /**
     * What a command has appended. Looks at the newest events first, for it is not long ago.
     *
     * @param since Its events can't be older than that, but for clocks that differ, in ms since the Unix epoch
     */
    async find({command: {aggregate: {name}}, aggregateId}: Pick<CommandRequest, 'command' | 'aggregateId'>, idAt: IdAt, since = -Infinity): Promise<KeptOutcome | undefined> {
        const firstId = await idAt(0);
        for await (const page of this.#eventStore.read(name, aggregateId, {direction: 'backwards', tombstone: true})) {
            const first = page.find(({id}) => id === firstId);
            if (first !== undefined)
                return this.#count(first, idAt);
            if ((page.at(-1)?.timestamp ?? 0) < since - MAX_SKEW_MS)
                break;
        }
        return undefined;
    }

    async #count(first: RecordedEvent, idAt: IdAt): Promise<KeptOutcome> {
        let last = first;
        let events = 0;
        for await (const page of this.#eventStore.read(first.aggregateName, first.aggregateId, {fromRevision: first.revision, tombstone: true})) {
            for (const record of page) {
                if (record.id !== await idAt(events))
                    return keptOf(last, events);
                last = record;
                events++;
            }
        }
        return keptOf(last, events);
    }
}

const keptOf = ({revision, position}: RecordedEvent, events: number): KeptOutcome => ({revision: revision.toString(), position: position.toString(), events, isPlaced: true});
