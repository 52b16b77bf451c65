import type {CommandOutcome, CommandRequest, EventIdAt} from '../aggregates/index.ts';
import type {EventCatalogue, RecordedEvent} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';
import {encodeJson} from '../shared/json-codec.ts';
import {deriveUuid} from '../shared/uuid.ts';
import type {IdOf, KeyedWork} from '../tasks/index.ts';

/** What is kept of an outcome. */
interface KeptOutcome {
    readonly revision: string;
    readonly position: string;
    readonly events: number;
    /** Whether the position of the last event was told. */
    readonly isPlaced: boolean;
}

/** Executes commands once for a key. */
export class KeyedCommands {
    readonly #work: KeyedWork;
    readonly #eventStore: IEventStore;
    readonly #catalogue: EventCatalogue;

    constructor(work: KeyedWork, eventStore: IEventStore, catalogue: EventCatalogue) {
        this.#work = work;
        this.#eventStore = eventStore;
        this.#catalogue = catalogue;
    }

    /** @throws ConflictError `IDEMPOTENCY_KEY_REUSED` when the key was used for other commands */
    async execute(key: string, requests: readonly CommandRequest[], run: (idAt: EventIdAt) => Promise<readonly CommandOutcome[]>): Promise<readonly CommandOutcome[]> {
        const {outcome, answer} = await this.#work.run<readonly CommandOutcome[], readonly KeptOutcome[]>(key, {
            fingerprint: await fingerprintOf(requests),
            execute: idOf => run((command, event) => idOf(nameOf(command, event))),
            toAnswer: outcomes => outcomes.map(({revision, position, events}) => ({
                revision: revision.toString(), position: position.toString(), events: events.length, isPlaced: (events.at(-1)?.position ?? -1n) >= 0n
            })),
            find: idOf => this.#find(requests, idOf)
        });
        return outcome ?? Promise.all(answer.map((kept, i) => this.#restore(requests[i] as CommandRequest, kept)));
    }

    /** The outcome as it was, with the events as they are recorded. */
    async #restore({command, aggregateId}: CommandRequest, {revision, position, events: count, isPlaced}: KeptOutcome): Promise<CommandOutcome> {
        const last = BigInt(revision);
        const records: RecordedEvent[] = [];
        if (count > 0) {
            for await (const page of this.#eventStore.read(command.aggregate.name, aggregateId, {fromRevision: last - BigInt(count - 1), limit: count, tombstone: true}))
                records.push(...page.filter(record => record.revision <= last));
        }
        const events = records.map((record, i) => this.#catalogue.toEvent(isPlaced && i === count - 1 ? record : {...record, position: -1n}));
        return {revision: last, position: BigInt(position), events};
    }

    /** Looks for what was appended under the key; `undefined`: nothing. All of it was appended at once. */
    async #find(requests: readonly CommandRequest[], idOf: IdOf): Promise<readonly KeptOutcome[] | undefined> {
        const kept: KeptOutcome[] = [];
        for (const [place, request] of requests.entries())
            kept.push(await this.#findOne(request, place, idOf));
        return kept.some(({events}) => events > 0) ? kept : undefined;
    }

    /** The newest events first, for it is not long ago. */
    async #findOne({command: {aggregate: {name}}, aggregateId}: CommandRequest, place: number, idOf: IdOf): Promise<KeptOutcome> {
        const firstId = await idOf(nameOf(place, 0));
        for await (const page of this.#eventStore.read(name, aggregateId, {direction: 'backwards', tombstone: true})) {
            const first = page.find(({id}) => id === firstId);
            if (first !== undefined)
                return this.#count(first, place, idOf);
        }
        return {revision: '-1', position: '-1', events: 0, isPlaced: false};
    }

    async #count(first: RecordedEvent, place: number, idOf: IdOf): Promise<KeptOutcome> {
        let last = first;
        let events = 0;
        for await (const page of this.#eventStore.read(first.aggregateName, first.aggregateId, {fromRevision: first.revision, tombstone: true})) {
            for (const record of page) {
                if (record.id !== await idOf(nameOf(place, events)))
                    return keptOf(last, events);
                last = record;
                events++;
            }
        }
        return keptOf(last, events);
    }
}

const nameOf = (command: number, event: number): string => `${command}/${event}`;
const keptOf = ({revision, position}: RecordedEvent, events: number): KeptOutcome => ({revision: revision.toString(), position: position.toString(), events, isPlaced: true});

/** The same for the same commands with the same payloads. */
function fingerprintOf(requests: readonly CommandRequest[]): Promise<string> {
    return deriveUuid('', encodeJson(requests.map(({command: {aggregate, name}, aggregateId, payload}) => [aggregate.name, name, aggregateId, payload ?? null])));
}
