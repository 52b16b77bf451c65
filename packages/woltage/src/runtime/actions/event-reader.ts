import type {EventCatalogue, RecordedEvent} from '../../events/index.ts';
import type {IEventStore, IStore, StoreRecord} from '../../ports/index.ts';
import {delay} from '../../shared/delay.ts';
import {encodeValue} from '../../shared/json-codec.ts';
import type {Logger} from '../../shared/logger.ts';
import {deriveUuid, uuidV7} from '../../shared/uuid.ts';
import type {NewTask, TaskQueue} from '../../tasks/index.ts';
import {StaleRecordError} from '../../errors/index.ts';
import type {CompiledAction} from './compiled-action.ts';
import {roomIn} from './room.ts';
import {RUN, type RunSource} from './run-source.ts';

/** How far an action has got in the event store. */
interface EventMark {
    /** Everything up to it has been taken over; null: nothing yet. */
    readonly position: string | null;
    /** The types that it knows, each with the position after which its events count; -1: all. */
    readonly since: Readonly<Record<string, string>>;
    /** When a process that asks for a type last started, in ms since the Unix epoch. */
    readonly asked: Readonly<Record<string, number>>;
}

const KEY = 'events';
const BATCH = 500;
/** A stretch without events is noted when it has this length, in positions, so that it isn't read again. */
const NOTED_STRETCH = 10_000n;
/** So long types are taken over that this process doesn't know, for those that do: while a new version is rolled out. */
const STRANGE_MS = 24 * 3_600_000;
const ASK_AGAIN_MS = 3_600_000;
/** How often it is looked whether others ask for more types. */
const LOOK_MS = 2500;

export interface EventReaderOptions {
    readonly compiled: CompiledAction;
    readonly queue: TaskQueue;
    /** The scope of the action. */
    readonly store: IStore;
    /** With personal fields encrypted. */
    readonly eventStore: IEventStore;
    readonly catalogue: EventCatalogue;
    readonly log: Logger;
}

/** Makes tasks of the events that trigger an action: each becomes one, in the commit that moves the action's mark. */
export class EventReader {
    readonly #options: EventReaderOptions;
    readonly #types: readonly string[];
    #position: bigint | undefined;

    constructor(options: EventReaderOptions) {
        this.#options = options;
        this.#types = options.compiled.events?.types ?? [];
    }

    /** What this process knows of how far it has got; `undefined`: nothing. */
    get position(): bigint | undefined {
        return this.#position;
    }

    /** Sees to it that there is a mark: what comes after counts, if not all. */
    async prepare(): Promise<void> {
        const {store, eventStore} = this.#options;
        const [found] = await store.getRecords([KEY]);
        const known = found && JSON.parse(found.value) as EventMark;
        const now = Date.now();
        if (known !== undefined && this.#types.every(type => now - (known.asked[type] ?? 0) < ASK_AGAIN_MS))
            return;
        const asked = {...known?.asked, ...Object.fromEntries(this.#types.map(type => [type, now]))};
        const mark = this.#newMark(known, asked, await eventStore.getLatestPosition());
        try {
            await store.commit({records: [{key: KEY, value: JSON.stringify(mark), token: uuidV7(), expected: found?.token ?? null}]});
        } catch (error) {
            if (!(error instanceof StaleRecordError))
                throw error;
            await this.prepare();
        }
    }

    /** A type that has no limit yet is new to the action. What its trigger says later changes nothing. */
    #newMark(known: EventMark | undefined, asked: EventMark['asked'], head: bigint | null): EventMark {
        const fromStart = this.#fromStart();
        const end = head ?? -1n;
        const fresh = this.#types.filter(type => known?.since[type] === undefined);
        const since = {...known?.since, ...Object.fromEntries(fresh.map(type => [type, (fromStart.has(type) ? -1n : end).toString()]))};
        const first = fromStart.size > 0 || head === null ? null : head.toString();
        return {position: known === undefined ? first : known.position, since, asked};
    }

    /** Follows the event store until the signal aborts. @throws StaleRecordError when another process has gone on */
    async follow(signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            const record = await this.#record();
            if (record === undefined)
                return this.prepare();
            const types = this.#typesOf(record);
            const over = new AbortController();
            const watching = this.#watch(types, over);
            try {
                await this.#take(record, types, AbortSignal.any([signal, over.signal]));
            } catch (error) {
                // What has come of the end is no concern: it goes on where the mark is.
                if (!over.signal.aborted)
                    throw error;
            } finally {
                over.abort();
                await watching;
            }
        }
    }

    /** Ends it when somebody asks for more types: a newer version of the application, while an older one still does the work. Never rejects. */
    async #watch(types: readonly string[], over: AbortController): Promise<void> {
        for (await delay(LOOK_MS, over.signal); !over.signal.aborted; await delay(LOOK_MS, over.signal)) {
            // A store that is away is told of where events are taken over.
            const record = await this.#record().catch(() => undefined);
            if (record !== undefined && this.#typesOf(record).some(type => !types.includes(type)))
                over.abort();
        }
    }

    async #record(): Promise<StoreRecord | undefined> {
        const [record] = await this.#options.store.getRecords([KEY]);
        return record;
    }

    /** Those of this process, and those that others have asked for. */
    #typesOf({value}: StoreRecord): readonly string[] {
        const {asked} = JSON.parse(value) as EventMark;
        return [...new Set([...this.#types, ...Object.keys(asked).filter(type => Date.now() - (asked[type] ?? 0) < STRANGE_MS)])];
    }

    async #take(record: StoreRecord, types: readonly string[], signal: AbortSignal): Promise<void> {
        const {eventStore} = this.#options;
        let {token} = record;
        const {position, since, asked} = JSON.parse(record.value) as EventMark;
        const after = position === null ? undefined : BigInt(position);
        this.#position = after;
        let noted = after ?? -1n;
        for await (const batch of eventStore.subscribe({after, filter: {types}, signal, batchSize: BATCH})) {
            const events = batch.events.filter(({type, position: at}) => since[type] === undefined || at > BigInt(since[type]));
            if (batch.position === undefined || events.length === 0 && batch.position - noted < NOTED_STRETCH) {
                this.#position = batch.position ?? this.#position;
                continue;
            }
            await roomIn(this.#options.queue, signal);
            const next = uuidV7();
            const mark: EventMark = {position: batch.position.toString(), since, asked};
            await this.#options.queue.enqueue(await Promise.all(events.map(event => this.#taskOf(event))), [{key: KEY, value: JSON.stringify(mark), token: next, expected: token}]);
            token = next;
            this.#position = noted = batch.position;
        }
    }

    /** The recorded types whose events all count, where the action is new. */
    #fromStart(): ReadonlySet<string> {
        const {compiled, catalogue} = this.#options;
        return new Set(compiled.eventTriggers.filter(({from}) => from === 'start').flatMap(({eventClasses}) => eventClasses.flatMap(({type}) => catalogue.recordedTypes(type))));
    }

    async #taskOf(record: RecordedEvent): Promise<NewTask> {
        const {compiled, eventStore} = this.#options;
        const {id, aggregateName, aggregateId, revision} = record;
        const source: RunSource = eventStore.supports.streams === false ? {by: 'event', record} : {by: 'event', place: {id, aggregateName, aggregateId, revision}};
        return {id: await deriveUuid(id, `action/${compiled.action.name}`), kind: RUN, payload: encodeValue(source)};
    }
}
