import {BadRequestError} from '../../errors/index.ts';
import {badLine} from './import-problems.ts';

type Chunk = string | Uint8Array;
type Chunks = Iterable<Chunk> | AsyncIterable<Chunk>;

/** Text or bytes (UTF-8), in one piece or in any number of them; a `ReadableStream` and Node's `Readable` are such, too. */
export type EventSource = string | Uint8Array | Chunks;

const NEWLINE = 10;

/** Cuts chunks into lines. What it keeps is the line that isn't complete, and that is bounded. */
class LineSplitter {
    readonly #most: number;
    readonly #decoder = new TextDecoder('utf-8', {fatal: true});
    #text = '';
    #bytes: Uint8Array[] = [];
    #size = 0;
    #line = 1;

    constructor(most: number) {
        this.#most = most;
    }

    push(chunk: Chunk): string[] {
        if (typeof chunk === 'string') {
            this.#text += this.#takeBytes();
            return this.#split(chunk);
        }
        if (!(chunk instanceof Uint8Array))
            throw new BadRequestError('The source of an import must give texts or Uint8Arrays.', {code: 'IMPORT_SOURCE_INVALID'});
        const last = chunk.lastIndexOf(NEWLINE);
        if (last < 0) {
            this.#keep(chunk);
            return [];
        }
        const lines: string[] = [];
        let start = 0;
        for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
            this.#keep(chunk.subarray(start, end));
            lines.push(...this.#split(`${this.#takeBytes()}\n`));
            start = end + 1;
        }
        this.#keep(chunk.subarray(start));
        return lines;
    }

    end(): string[] {
        return this.#split(`${this.#takeBytes()}\n`);
    }

    #split(text: string): string[] {
        const lines = text.split('\n');
        lines[0] = this.#text + (lines[0] ?? '');
        this.#text = lines.pop() ?? '';
        for (const line of lines) {
            this.#check(line.length);
            this.#line++;
        }
        this.#check(this.#text.length);
        return lines;
    }

    #keep(bytes: Uint8Array): void {
        this.#size += bytes.length;
        this.#check(this.#size);
        this.#bytes.push(bytes);
    }

    #takeBytes(): string {
        const bytes = this.#bytes.length === 1 ? this.#bytes[0] as Uint8Array : Buffer.concat(this.#bytes);
        this.#bytes = [];
        this.#size = 0;
        try {
            return bytes.length === 0 ? '' : this.#decoder.decode(bytes);
        } catch (cause) {
            throw badLine('IMPORT_LINE_INVALID', this.#line, `it isn't UTF-8 (${cause instanceof Error ? cause.message : String(cause)}).`, {expected: 'UTF-8'});
        }
    }

    #check(size: number): void {
        if (size > this.#most)
            throw badLine('IMPORT_LINE_TOO_LONG', this.#line, `it is longer than ${this.#most} bytes, see \`maxLineBytes\`.`, {expected: `at most ${this.#most} bytes`});
    }
}

/**
 * The lines of a source, as many at once as there are in a chunk; empty ones too.
 *
 * @param most Bytes that a line may have
 * @throws BadRequestError `IMPORT_SOURCE_INVALID`, `IMPORT_LINE_TOO_LONG`, `IMPORT_LINE_INVALID`
 */
export async function* readLines(source: EventSource, most: number): AsyncGenerator<readonly string[], void> {
    const splitter = new LineSplitter(most);
    for await (const chunk of chunksOf(source)) {
        const lines = splitter.push(chunk);
        if (lines.length > 0)
            yield lines;
    }
    yield splitter.end();
}

function chunksOf(source: EventSource): Chunks {
    if (typeof source === 'string' || source instanceof Uint8Array)
        return [source];
    if (typeof source === 'object' && source as unknown !== null && (Symbol.asyncIterator in source || Symbol.iterator in source))
        return source;
    throw new BadRequestError('importEvents needs a source: an export, a stream, an iterable of texts or Uint8Arrays, or a function that opens one.', {code: 'IMPORT_SOURCE_INVALID'});
}
