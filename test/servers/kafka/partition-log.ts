import {gunzipSync} from 'node:zlib';
import {CODE} from './codes.ts';
import {crc32c} from './crc32c.ts';

/** Where the fields of a record batch (version 2) stand. */
const FIELD = {length: 8, leaderEpoch: 12, magic: 16, crc: 17, attributes: 21, lastOffsetDelta: 23, firstTimestamp: 27, maxTimestamp: 35, producerId: 43, producerEpoch: 51, baseSequence: 53, count: 57, records: 61};
const IS_TRANSACTIONAL = 1 << 4;
const IS_CONTROL = 1 << 5;
/** A broker remembers so many batches of a producer, to recognise repetitions. */
const REMEMBERED = 5;

interface StoredBatch {
    readonly baseOffset: bigint;
    readonly lastOffset: bigint;
    readonly maxTimestamp: bigint;
    readonly bytes: Buffer;
}

interface ProducerState {
    epoch: number;
    readonly batches: {readonly first: number; readonly last: number; readonly offset: bigint}[];
}

export interface AppendOutcome {
    readonly code: number;
    readonly baseOffset: bigint;
}

/** A message as the log holds it, for tests to look at. */
export interface LoggedMessage {
    readonly offset: bigint;
    readonly timestamp: bigint;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, string>>;
    readonly producerId: bigint;
}

const refused = (code: number): AppendOutcome => ({code, baseOffset: -1n});

/** One partition: record batches as they came, sequences of idempotent producers. */
export class PartitionLog {
    startOffset = 0n;
    nextOffset = 0n;
    #batches: StoredBatch[] = [];
    readonly #producers = new Map<bigint, ProducerState>();
    /** Where those began that are under way, by their producers. */
    readonly #transactions = new Map<bigint, bigint>();
    readonly #aborted: {readonly producerId: bigint; readonly firstOffset: bigint; readonly lastOffset: bigint}[] = [];

    append(records: Buffer, maxBytes: number): AppendOutcome {
        if (records.length > maxBytes)
            return refused(CODE.messageTooLarge);
        if (records.length < FIELD.records || records.readInt8(FIELD.magic) !== 2 || records.readInt32BE(FIELD.length) !== records.length - 12)
            return refused(CODE.corruptMessage);
        if (crc32c(records.subarray(FIELD.attributes)) !== records.readUInt32BE(FIELD.crc))
            return refused(CODE.corruptMessage);
        return this.#sequenceProblem(records) ?? this.#store(records);
    }

    /** Appends a copy of the last batch that claims to be packed, by default in a way that nobody knows. */
    appendPoison(compression = 7): void {
        const last = this.#batches.at(-1);
        if (last === undefined)
            throw new Error('There is nothing to make poison of.');
        const bytes = Buffer.from(last.bytes);
        bytes.writeInt16BE(compression, FIELD.attributes);
        this.#store(bytes);
    }

    /** Appends what a producer with transactions sends, as part of one. */
    appendInTransaction(producerId: bigint, values: readonly string[]): void {
        if (!this.#transactions.has(producerId))
            this.#transactions.set(producerId, this.nextOffset);
        this.#store(packBatch(values.map(value => ({key: null, value: Buffer.from(value)})), IS_TRANSACTIONAL, producerId));
    }

    /** Ends a producer's transaction, which may have nothing in this partition. */
    endTransaction(producerId: bigint, outcome: 'commit' | 'abort'): void {
        const firstOffset = this.#transactions.get(producerId);
        this.#transactions.delete(producerId);
        if (firstOffset !== undefined && outcome === 'abort')
            this.#aborted.push({producerId, firstOffset, lastOffset: this.nextOffset});
        const key = Buffer.from([0, 0, 0, outcome === 'commit' ? 1 : 0]);
        this.#store(packBatch([{key, value: Buffer.alloc(6)}], IS_TRANSACTIONAL | IS_CONTROL, producerId));
    }

    /** Transactions that were aborted, as far as they reach behind an offset. */
    abortedAfter(offset: bigint): readonly {readonly producerId: bigint; readonly firstOffset: bigint}[] {
        return this.#aborted.filter(({lastOffset}) => lastOffset >= offset);
    }

    /** Appends copies of the last batches, as a producer that knows nothing of what has come since would. */
    repeat(batches: number): void {
        for (const {bytes} of this.#batches.slice(-batches))
            this.#store(bytes);
    }

    /** Whole batches from the one that holds the offset on. */
    read(offset: bigint, maxBytes: number): Buffer {
        const parts: Buffer[] = [];
        let size = 0;
        for (let index = this.#firstAtOrAfter(offset); index < this.#batches.length; index++) {
            const {bytes} = this.#batches[index] as StoredBatch;
            if (size > 0 && size + bytes.length > maxBytes)
                break;
            parts.push(bytes);
            size += bytes.length;
        }
        return Buffer.concat(parts);
    }

    offsetAt(timestamp: bigint): bigint {
        if (timestamp === -1n)
            return this.nextOffset;
        if (timestamp === -2n)
            return this.startOffset;
        return this.#batches.find(batch => batch.maxTimestamp >= timestamp)?.baseOffset ?? -1n;
    }

    /** Retention: what stands before the offset is gone. */
    deleteBefore(offset: bigint): void {
        this.startOffset = offset;
        this.#batches = this.#batches.filter(batch => batch.lastOffset >= offset);
    }

    get messages(): LoggedMessage[] {
        return this.#batches.flatMap(readMessages).filter(message => message.offset >= this.startOffset);
    }

    #firstAtOrAfter(offset: bigint): number {
        let low = 0;
        let high = this.#batches.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if ((this.#batches[middle] as StoredBatch).lastOffset < offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    #sequenceProblem(records: Buffer): AppendOutcome | undefined {
        const id = records.readBigInt64BE(FIELD.producerId);
        if (id < 0n)
            return undefined;
        const epoch = records.readInt16BE(FIELD.producerEpoch);
        const first = records.readInt32BE(FIELD.baseSequence);
        const last = first + records.readInt32BE(FIELD.lastOffsetDelta);
        let state = this.#producers.get(id);
        if (state !== undefined && epoch < state.epoch)
            return refused(CODE.invalidProducerEpoch);
        if (state === undefined || epoch > state.epoch) {
            if (first !== 0)
                return refused(CODE.outOfOrderSequence);
            this.#producers.set(id, state = {epoch, batches: []});
        }
        const same = state.batches.find(batch => batch.first === first && batch.last === last);
        if (same !== undefined)
            return {code: CODE.none, baseOffset: same.offset};
        if (first !== (state.batches.at(-1)?.last ?? -1) + 1)
            return refused(CODE.outOfOrderSequence);
        state.batches.push({first, last, offset: this.nextOffset});
        if (state.batches.length > REMEMBERED)
            state.batches.shift();
        return undefined;
    }

    #store(records: Buffer): AppendOutcome {
        const bytes = Buffer.from(records);
        const baseOffset = this.nextOffset;
        // Neither is covered by the checksum.
        bytes.writeBigInt64BE(baseOffset);
        bytes.writeInt32BE(0, FIELD.leaderEpoch);
        const lastOffset = baseOffset + BigInt(bytes.readInt32BE(FIELD.lastOffsetDelta));
        this.#batches.push({baseOffset, lastOffset, maxTimestamp: bytes.readBigInt64BE(FIELD.maxTimestamp), bytes});
        this.nextOffset = lastOffset + 1n;
        return {code: CODE.none, baseOffset};
    }
}

function packBatch(records: readonly {readonly key: Buffer | null; readonly value: Buffer}[], attributes: number, producerId: bigint): Buffer {
    const field = (bytes: Buffer | null): Buffer => bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]);
    const packed = records.map(({key, value}, index) => {
        const body = Buffer.concat([Buffer.from([0]), varint(0), varint(index), field(key), field(value), varint(0)]);
        return Buffer.concat([varint(body.length), body]);
    });
    const bytes = Buffer.concat([Buffer.alloc(FIELD.records), ...packed]);
    bytes.writeInt32BE(bytes.length - 12, FIELD.length);
    bytes.writeInt8(2, FIELD.magic);
    bytes.writeInt16BE(attributes, FIELD.attributes);
    bytes.writeInt32BE(records.length - 1, FIELD.lastOffsetDelta);
    bytes.writeBigInt64BE(producerId, FIELD.producerId);
    bytes.writeInt32BE(records.length, FIELD.count);
    bytes.writeUInt32BE(crc32c(bytes.subarray(FIELD.attributes)), FIELD.crc);
    return bytes;
}

/** Zigzag. */
function varint(value: number): Buffer {
    const bytes = [];
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    for (; rest > 127; rest >>>= 7)
        bytes.push(rest & 127 | 128);
    return Buffer.from([...bytes, rest]);
}

function readMessages({bytes, baseOffset}: StoredBatch): LoggedMessage[] {
    const compression = bytes.readInt16BE(FIELD.attributes) & 7;
    if (compression > 1)
        return [];
    const packed = bytes.subarray(FIELD.records);
    const records = new Records(compression === 1 ? gunzipSync(packed) : packed);
    const firstTimestamp = bytes.readBigInt64BE(FIELD.firstTimestamp);
    const producerId = bytes.readBigInt64BE(FIELD.producerId);
    return Array.from({length: bytes.readInt32BE(FIELD.count)}, () => {
        records.varint();
        records.skip(1);
        const timestamp = firstTimestamp + BigInt(records.varint());
        const offset = baseOffset + BigInt(records.varint());
        const key = records.bytes();
        const value = records.bytes();
        const headers = Array.from({length: records.varint()}, () => [String(records.bytes()), String(records.bytes())]);
        return {offset, timestamp, key, value, headers: Object.fromEntries(headers) as Record<string, string>, producerId};
    });
}

class Records {
    readonly #buffer: Buffer;
    #at = 0;

    constructor(buffer: Buffer) {
        this.#buffer = buffer;
    }

    skip(length: number): void {
        this.#at += length;
    }

    /** Zigzag. */
    varint(): number {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
            const byte = this.#buffer.readUInt8(this.#at++);
            value += (byte & 127) * 2 ** shift;
            if (byte < 128)
                return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
        }
    }

    bytes(): Buffer | null {
        const length = this.varint();
        if (length < 0)
            return null;
        this.#at += length;
        return this.#buffer.subarray(this.#at - length, this.#at);
    }
}
