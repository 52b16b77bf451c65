import {ConflictError, GoneError} from '../../errors/index.ts';
import type {RecordedEvent} from '../../events/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import {passOver, type RunStep} from '../event-pass.ts';
import type {FileEntry} from './event-file.ts';
import {eventLine, toFileEvent} from './event-lines.ts';

/**
 * Finds out how much of a file is in the store already: an import writes in order, so that it is a beginning. The store's events are compared with the
 * file's, to the letter.
 */
export class Resume {
    readonly #eventStore: IEventStore;
    readonly #run: RunStep;
    readonly #isAlone: boolean;
    readonly #keepsRevisions: boolean;
    #records: AsyncIterator<RecordedEvent> | undefined;
    #isOver = false;

    /** @param isAlone Whether the store may hold nothing but the file's events */
    constructor(eventStore: IEventStore, run: RunStep, isAlone: boolean, keepsRevisions: boolean) {
        this.#eventStore = eventStore;
        this.#run = run;
        this.#isAlone = isAlone;
        this.#keepsRevisions = keepsRevisions;
    }

    /**
     * How many of these entries are there. To be called with all that a file has, in order.
     *
     * @throws ConflictError `IMPORT_NOT_EMPTY`, `IMPORT_CONFLICT`
     */
    async skip(entries: readonly FileEntry[]): Promise<number> {
        let known = 0;
        while (!this.#isOver && known < entries.length) {
            const entry = entries[known] as FileEntry;
            const record = await this.#next(entry);
            if (record === undefined)
                this.#isOver = true;
            else if (record.id === entry.event.id)
                known += this.#checkSame(record, entry);
            else if (this.#isAlone)
                throw notEmpty(record, `line ${entry.line} of the file has event ${entry.event.id}`);
        }
        return known;
    }

    /** To be called at the end of the file. */
    async finish(): Promise<void> {
        const record = this.#isOver || !this.#isAlone ? undefined : await this.#next(undefined);
        await this.close();
        if (record !== undefined)
            throw notEmpty(record, 'the file has ended');
    }

    async close(): Promise<void> {
        await this.#records?.return?.();
    }

    async #next(entry: FileEntry | undefined): Promise<RecordedEvent | undefined> {
        if (this.#records === undefined) {
            const after = this.#isAlone || entry === undefined ? undefined : await this.#before(entry);
            this.#records = after === null ? none() : this.#follow(after);
        }
        const next = await this.#records.next();
        return next.done === true ? undefined : next.value;
    }

    async *#follow(after: bigint | undefined): AsyncGenerator<RecordedEvent, void> {
        for await (const {events} of passOver(this.#eventStore, this.#run, {after}))
            yield* events;
    }

    /** The position before an event; `null` where it isn't there, `undefined` where it is hard to tell. */
    async #before({event: {aggregateName, aggregateId, revision, id}}: FileEntry): Promise<bigint | null | undefined> {
        if (revision === undefined)
            return undefined;
        try {
            for await (const page of this.#eventStore.read(aggregateName, aggregateId)) {
                const record = page.find(each => each.id === id);
                if (record !== undefined)
                    return record.position - 1n;
            }
            return null;
        } catch (error) {
            if (error instanceof GoneError)
                return undefined;
            throw error;
        }
    }

    #checkSame(record: RecordedEvent, {event, line, text}: FileEntry): 1 {
        const own = toFileEvent(record, event.revision === undefined);
        if (eventLine(this.#keepsRevisions ? own : {...own, revision: event.revision}) !== text)
            throw new ConflictError(`Line ${line}: event ${event.id} is in the store already, at position ${record.position}, and isn't the same.`, {
                code: 'IMPORT_CONFLICT', details: {line, id: event.id, position: String(record.position), expected: 'the same event, or none'}
            });
        return 1;
    }
}

async function* none(): AsyncGenerator<RecordedEvent, void> {
    // There is nothing to compare with.
}

const notEmpty = ({id, position}: RecordedEvent, where: string): ConflictError =>
    new ConflictError(`The event store is not empty: it has event ${id} at position ${position}, where ${where}. To add to what is there, import with \`into: 'append'\`.`, {
        code: 'IMPORT_NOT_EMPTY', details: {id, position: String(position)}
    });
