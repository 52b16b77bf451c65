import type {Event} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';
import type {Definitions} from './definitions.ts';
import {EventCheck, type EventReport} from './event-check.ts';
import type {EventPublisher, PublishedEvents, PublishEventsOptions} from './event-publisher.ts';
import {passOver, type PassOptions, type RunStep} from './event-pass.ts';
import {ProjectionControl} from './projection-control.ts';
import type {FileTrailer} from './transfer/event-lines.ts';
import {exportEvents, type ExportOptions} from './transfer/export-events.ts';
import {importEvents, type ImportOptions, type ImportSource, type ImportSummary} from './transfer/import-events.ts';

/** What {@link EventControl} works with. */
export interface EventParts {
    readonly eventStore: IEventStore;
    /** The adapter itself: what is encrypted stays so. */
    readonly adapter: IEventStore;
    readonly definitions: Definitions;
    readonly publisher: EventPublisher;
}

export interface CheckEventsOptions extends PassOptions {
    readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
}

export interface CheckProgress {
    /** How many have been looked at. */
    readonly events: number;
    readonly position: bigint;
    /** Where the check ends. */
    readonly end: bigint;
}

/** The part of {@link Woltage} that sees to the store of events as a whole. */
export abstract class EventControl extends ProjectionControl {
    /** @internal */
    protected abstract readonly eventParts: EventParts;

    /**
     * Reads the event store from end to end, and reports the types and versions that no class and no cast covers, or that somebody who handles the type can't read. Each event
     * that needs a cast is cast. Nothing is handled or written; for CI before a deployment, with `autostart: false`. Memory is that of a batch, whatever the store holds.
     *
     * @throws UnavailableError `STOPPED`, `SUBSCRIPTION_ENDED`
     * @throws the signal's reason when it aborts
     */
    async checkEvents({onProgress, ...options}: CheckEventsOptions = {}): Promise<EventReport> {
        const {eventStore, definitions} = this.eventParts;
        const check = new EventCheck(definitions);
        for await (const {events, position, end} of passOver(eventStore, this.#step, options)) {
            for (const record of events)
                check.add(record);
            onProgress?.({events: check.count, position, end});
        }
        return check.report;
    }

    /**
     * The events of the store as NDJSON, a line at a time (each with its newline), in order: ids, timestamps, revisions, tags and all else as they are, encrypted fields encrypted. What is appended after the
     * call isn't part of it. The last line holds number and hash. Memory is that of a batch; the next batch is read when it is asked for. The generator returns number, hash and last position.
     *
     * @throws (while it is read) UnavailableError `STOPPED`, `SUBSCRIPTION_ENDED`
     * @throws (while it is read) the signal's reason when it aborts
     * @example
     * await pipeline(woltage.exportEvents(), createWriteStream('events.ndjson'));
     */
    exportEvents(options: ExportOptions = {}): AsyncGenerator<string, FileTrailer> {
        const {adapter, definitions: {catalogue}} = this.eventParts;
        return exportEvents(adapter, catalogue, this.#step, options);
    }

    /**
     * Writes what `exportEvents` gave into the event store: in the same order, with the same ids and revisions. A source that can be read twice (a function that opens it, a text, an array)
     * is checked from end to end before anything is written; any other is checked as it is written, and where something is wrong, all lines before it have been written.
     * Importing the file once more goes on where the last import stopped, however that came.
     *
     * @throws BadRequestError that names the line and what was expected: `IMPORT_FORMAT`, `IMPORT_LINE_INVALID`, `IMPORT_LINE_TOO_LONG`, `IMPORT_DUPLICATE_ID`, `IMPORT_REVISION_GAP`, `IMPORT_REJECTED`;
     * of the whole file: `IMPORT_TRUNCATED`, `IMPORT_COUNT_MISMATCH`, `IMPORT_HASH_MISMATCH`; `IMPORT_SOURCE_INVALID`, `IMPORT_OPTIONS`
     * @throws ConflictError `IMPORT_NOT_EMPTY` when the store holds other events (see `into`), `IMPORT_CONFLICT` with the line when a stream isn't as the file has it, or an id is taken
     * @throws UnavailableError `STOPPED`
     * @throws what the source throws, and the signal's reason when it aborts
     * @example
     * await woltage.importEvents(() => createReadStream('events.ndjson'));
     */
    importEvents(source: ImportSource, options: ImportOptions = {}): Promise<ImportSummary> {
        return importEvents(this.eventParts.adapter, this.#step, source, options);
    }

    /**
     * Appends events without an aggregate: facts that nobody decides about, whatever stands in the stream. Each goes to the stream that its `aggregateId` names; those without one go to a new stream,
     * together. The stream's aggregate name is the option's, else the name of the event's first tag (`cart` of `cart:42`), else the first part of its type (`order` of `order.placed`). All of them are
     * appended in one write, where the event store can write to several streams at once; else stream by stream.
     *
     * @example
     * await woltage.publish(new TemperatureMeasured({payload: {sensor: 's-1', celsius: 21.5}}));
     * @throws BadRequestError `INVALID_EVENT` for anything but events, `NO_EVENTS`, `INVALID_AGGREGATE_ID`, `INVALID_OPTIONS`, `INVALID_IDEMPOTENCY_KEY`, `NOT_ENCODABLE`
     * @throws ConfigError `UNKNOWN_EVENT_CLASS` for an event whose class isn't among `eventClasses`
     * @throws ConflictError `EVENT_ID_EXISTS`, `IDEMPOTENCY_KEY_REUSED`
     * @throws GoneError when the stream was erased
     * @throws UnavailableError `STOPPED`
     */
    publish(events: Event | readonly Event[], options: PublishEventsOptions = {}): Promise<PublishedEvents> {
        return this.run(() => this.eventParts.publisher.publish(events, options));
    }

    /** Each batch on its own, so that a stop has to wait for no more than that. */
    readonly #step: RunStep = task => this.run(task);
}
