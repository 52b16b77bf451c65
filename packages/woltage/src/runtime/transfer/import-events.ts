import {BadRequestError} from '../../errors/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import type {RunStep} from '../event-pass.ts';
import {EventFile, type FileChecks, type FileEntry} from './event-file.ts';
import type {FileSummary} from './event-lines.ts';
import {writeEntries} from './import-batch.ts';
import type {EventSource} from './line-reader.ts';
import {Resume} from './resume.ts';

export interface ImportProgress {
    /** A source that can be read twice is checked first. */
    readonly phase: 'check' | 'write';
    /** How many events of the file have been seen to. */
    readonly events: number;
    /** How many of them have been written. */
    readonly imported: number;
    /** How many of them were there already, from an import that didn't come to its end. */
    readonly skipped: number;
}

export interface ImportOptions {
    /**
     * What the event store may hold: nothing but a beginning of the file, from an import that didn't come to its end (`empty`), or anything (`append`).
     *
     * @default 'empty'
     */
    readonly into?: 'empty' | 'append' | undefined;
    /**
     * Whether each event must get the revision that it had, or the next one of its stream: for exports that leave events out.
     *
     * @default 'keep'
     */
    readonly revisions?: 'keep' | 'renumber' | undefined;
    /** Bytes that a line may have. @default 16 MiB */
    readonly maxLineBytes?: number | undefined;
    /** Events that are written together, at most. @default 500 */
    readonly batchSize?: number | undefined;
    /** Ends the import; it then rejects with the signal's reason. What has been written stays, and the next import of the file goes on from there. */
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/** What an import has done; number and hash are those of the file, and have been verified. */
export interface ImportSummary extends FileSummary {
    readonly imported: number;
    readonly skipped: number;
}

/** A source, or a function that opens one; it is called twice. */
export type ImportSource = EventSource | (() => EventSource | Promise<EventSource>);

const DEFAULT_LINE_BYTES = 16 * 1024 * 1024;
const DEFAULT_BATCH = 500;
/** Characters of a batch, unless one event has more. */
const BATCH_TEXT = 512 * 1024;

interface Settings extends Pick<ImportOptions, 'signal' | 'onProgress'> {
    readonly into: 'empty' | 'append';
    readonly revisions: 'keep' | 'renumber';
    readonly maxLineBytes: number;
    readonly batchSize: number;
}

/** @throws see `EventControl.importEvents` */
export async function importEvents(eventStore: IEventStore, run: RunStep, source: ImportSource, options: ImportOptions): Promise<ImportSummary> {
    const settings = checkOptions(options);
    const checks: FileChecks = {maxLineBytes: settings.maxLineBytes, isWhole: settings.into === 'empty', keepsRevisions: settings.revisions === 'keep'};
    const reopen = reopening(source);
    if (reopen === undefined)
        return new Import(eventStore, run, settings).write(new EventFile(source as EventSource, checks));
    // All of it is checked before any of it is written.
    const checked = new EventFile(await reopen(), checks);
    for await (const _entries of checked.read()) {
        settings.signal?.throwIfAborted();
        settings.onProgress?.({phase: 'check', events: checked.events, imported: 0, skipped: 0});
    }
    return new Import(eventStore, run, settings).write(new EventFile(await reopen(), checks));
}

/** How to read a source once more; `undefined` where it can be read only once. */
function reopening(source: ImportSource): (() => EventSource | Promise<EventSource>) | undefined {
    if (typeof source === 'function')
        return source;
    return typeof source === 'string' || source instanceof Uint8Array || Array.isArray(source) ? () => source : undefined;
}

class Import {
    readonly #eventStore: IEventStore;
    readonly #run: RunStep;
    readonly #settings: Settings;
    readonly #resume: Resume;
    #batch: FileEntry[] = [];
    #text = 0;
    #imported = 0;
    #skipped = 0;

    constructor(eventStore: IEventStore, run: RunStep, settings: Settings) {
        this.#eventStore = eventStore;
        this.#run = run;
        this.#settings = settings;
        this.#resume = new Resume(eventStore, run, settings.into === 'empty', settings.revisions === 'keep');
    }

    async write(file: EventFile): Promise<ImportSummary> {
        try {
            for await (const entries of file.read())
                await this.#take(entries);
            await this.#resume.finish();
        } catch (error) {
            // What came before a bad line is good.
            if (error instanceof BadRequestError)
                await this.#flush();
            throw error;
        } finally {
            await this.#resume.close();
        }
        await this.#flush();
        return {...file.summary, imported: this.#imported, skipped: this.#skipped};
    }

    async #take(entries: readonly FileEntry[]): Promise<void> {
        this.#settings.signal?.throwIfAborted();
        const known = await this.#resume.skip(entries);
        this.#skipped += known;
        for (let i = known; i < entries.length; i++) {
            const entry = entries[i] as FileEntry;
            this.#batch.push(entry);
            this.#text += entry.text.length;
            if (this.#batch.length >= this.#settings.batchSize || this.#text >= BATCH_TEXT)
                await this.#flush();
        }
        if (known > 0)
            this.#tell();
    }

    async #flush(): Promise<void> {
        const batch = this.#batch;
        this.#batch = [];
        this.#text = 0;
        if (batch.length === 0)
            return;
        this.#settings.signal?.throwIfAborted();
        await this.#run(() => writeEntries(this.#eventStore, batch, this.#settings.revisions === 'keep'));
        this.#imported += batch.length;
        this.#tell();
    }

    #tell(): void {
        const [imported, skipped] = [this.#imported, this.#skipped];
        this.#settings.onProgress?.({phase: 'write', events: imported + skipped, imported, skipped});
    }
}

/** @throws BadRequestError `IMPORT_OPTIONS` */
function checkOptions(options: ImportOptions): Settings {
    const {into = 'empty', revisions = 'keep', maxLineBytes = DEFAULT_LINE_BYTES, batchSize = DEFAULT_BATCH} = options;
    const oneOf = (name: string, value: string, ...allowed: readonly string[]): string => allowed.includes(value) ? '' : `\`${name}\` must be '${allowed.join('\' or \'')}'.`;
    const count = (name: string, value: number): string => Number.isSafeInteger(value) && value > 0 ? '' : `\`${name}\` must be a whole number from 1.`;
    const problems = [oneOf('into', into, 'empty', 'append'), oneOf('revisions', revisions, 'keep', 'renumber'), count('maxLineBytes', maxLineBytes), count('batchSize', batchSize)];
    if (problems.some(problem => problem !== ''))
        throw new BadRequestError(`importEvents: ${problems.filter(problem => problem !== '').join(' ')}`, {code: 'IMPORT_OPTIONS'});
    return {...options, into, revisions, maxLineBytes, batchSize};
}
