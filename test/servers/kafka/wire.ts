/** Reads a request's fields. Flexible versions of Kafka's protocol have compact lengths and tagged fields. */
export class Reader {
    readonly #buffer: Buffer;
    readonly #isFlexible: boolean;
    #at: number;

    constructor(buffer: Buffer, isFlexible = false, at = 0) {
        this.#buffer = buffer;
        this.#isFlexible = isFlexible;
        this.#at = at;
    }

    /** The rest, read as another kind of version. */
    as(isFlexible: boolean): Reader {
        return new Reader(this.#buffer, isFlexible, this.#at);
    }

    boolean(): boolean {
        return this.int8() !== 0;
    }

    int8(): number {
        return this.#buffer.readInt8(this.#move(1));
    }

    int16(): number {
        return this.#buffer.readInt16BE(this.#move(2));
    }

    int32(): number {
        return this.#buffer.readInt32BE(this.#move(4));
    }

    int64(): bigint {
        return this.#buffer.readBigInt64BE(this.#move(8));
    }

    uuid(): string {
        const from = this.#move(16);
        return this.#buffer.toString('hex', from, from + 16);
    }

    string(): string {
        return this.nullableString() ?? '';
    }

    nullableString(): string | null {
        return this.#bytes(this.#isFlexible ? this.#varint() - 1 : this.int16())?.toString() ?? null;
    }

    bytes(): Buffer {
        return this.nullableBytes() ?? Buffer.alloc(0);
    }

    nullableBytes(): Buffer | null {
        return this.#bytes(this.#isFlexible ? this.#varint() - 1 : this.int32());
    }

    array<T>(read: (reader: Reader) => T): T[] {
        return this.nullableArray(read) ?? [];
    }

    nullableArray<T>(read: (reader: Reader) => T): T[] | null {
        const length = this.#isFlexible ? this.#varint() - 1 : this.int32();
        return length < 0 ? null : Array.from({length}, () => read(this));
    }

    /** What ends each structure in flexible versions. */
    tags(): void {
        for (let left = this.#isFlexible ? this.#varint() : 0; left > 0; left--) {
            this.#varint();
            this.#move(this.#varint());
        }
    }

    #bytes(length: number): Buffer | null {
        if (length < 0)
            return null;
        const from = this.#move(length);
        return this.#buffer.subarray(from, from + length);
    }

    #varint(): number {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
            const byte = this.#buffer.readUInt8(this.#move(1));
            value += (byte & 127) * 2 ** shift;
            if (byte < 128)
                return value;
        }
    }

    #move(length: number): number {
        const from = this.#at;
        this.#at += length;
        if (this.#at > this.#buffer.length)
            throw new RangeError('The request ends too early.');
        return from;
    }
}

/** Writes an answer's fields. */
export class Writer {
    readonly #parts: Buffer[] = [];
    readonly #isFlexible: boolean;

    constructor(isFlexible = false) {
        this.#isFlexible = isFlexible;
    }

    get buffer(): Buffer {
        return Buffer.concat(this.#parts);
    }

    boolean(value: boolean): this {
        return this.int8(value ? 1 : 0);
    }

    int8(value: number): this {
        return this.#fixed(1, buffer => buffer.writeInt8(value));
    }

    int16(value: number): this {
        return this.#fixed(2, buffer => buffer.writeInt16BE(value));
    }

    int32(value: number): this {
        return this.#fixed(4, buffer => buffer.writeInt32BE(value));
    }

    int64(value: bigint): this {
        return this.#fixed(8, buffer => buffer.writeBigInt64BE(value));
    }

    uuid(hex: string): this {
        return this.#raw(Buffer.from(hex, 'hex'));
    }

    string(value: string | null): this {
        const bytes = value === null ? null : Buffer.from(value);
        if (this.#isFlexible)
            return this.#compact(bytes);
        this.int16(bytes?.length ?? -1);
        return this.#raw(bytes);
    }

    bytes(value: Buffer | null): this {
        if (this.#isFlexible)
            return this.#compact(value);
        this.int32(value?.length ?? -1);
        return this.#raw(value);
    }

    array<T>(values: readonly T[], write: (writer: this, value: T) => void): this {
        if (this.#isFlexible)
            this.#varint(values.length + 1);
        else
            this.int32(values.length);
        for (const value of values)
            write(this, value);
        return this;
    }

    tags(): this {
        return this.#isFlexible ? this.#varint(0) : this;
    }

    #compact(bytes: Buffer | null): this {
        this.#varint(bytes === null ? 0 : bytes.length + 1);
        return this.#raw(bytes);
    }

    #raw(bytes: Buffer | null): this {
        if (bytes !== null)
            this.#parts.push(bytes);
        return this;
    }

    #varint(value: number): this {
        const bytes = [];
        let rest = value;
        for (; rest > 127; rest = Math.floor(rest / 128))
            bytes.push(rest % 128 + 128);
        bytes.push(rest);
        return this.#raw(Buffer.from(bytes));
    }

    #fixed(length: number, write: (buffer: Buffer) => void): this {
        const buffer = Buffer.allocUnsafe(length);
        write(buffer);
        return this.#raw(buffer);
    }
}
