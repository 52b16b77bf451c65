import {BSON} from 'bson';
import type {Socket} from 'node:net';

/** A BSON document. A 64-bit integer is a bigint, every other number a number. */
export type Doc = Record<string, unknown>;

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
const HEADER_BYTES = 16;

/** A command of a client, and how it is answered. */
export interface Message {
    readonly command: Doc;
    /** Does nothing for a client that wants no answer. */
    reply(doc: Doc): void;
}

/** Calls the listener for each message that arrives on a connection. */
export function onMessages(socket: Socket, listener: (message: Message) => void): void {
    let chunks: Buffer[] = [];
    let size = 0;
    socket.on('data', chunk => {
        chunks.push(chunk);
        size += chunk.length;
        while (size >= 4) {
            const first = chunks[0] as Buffer;
            const length = first.length >= 4 ? first.readInt32LE(0) : Buffer.concat(chunks).readInt32LE(0);
            if (size < length)
                return;
            const all = chunks.length === 1 ? first : Buffer.concat(chunks);
            const rest = all.subarray(length);
            chunks = rest.length > 0 ? [rest] : [];
            size = rest.length;
            listener(parse(all.subarray(0, length), socket));
        }
    });
}

const read = (bytes: Buffer): Doc => BSON.deserialize(bytes, {useBigInt64: true});

function parse(bytes: Buffer, socket: Socket): Message {
    const requestId = bytes.readInt32LE(4);
    const operation = bytes.readInt32LE(12);
    if (operation === OP_QUERY)
        return {command: readQuery(bytes), reply: doc => socket.write(replyTo(requestId, OP_REPLY, doc))};
    if (operation !== OP_MSG)
        throw new Error(`A message of kind ${operation} is unknown.`);
    const flags = bytes.readUInt32LE(HEADER_BYTES);
    const command = readSections(bytes.subarray(HEADER_BYTES + 4, bytes.length - ((flags & CHECKSUM_PRESENT) === 0 ? 0 : 4)));
    return {command, reply: doc => void ((flags & MORE_TO_COME) === 0 && !socket.destroyed && socket.write(replyTo(requestId, OP_MSG, doc)))};
}

/** Only the greeting of old comes this way. */
function readQuery(bytes: Buffer): Doc {
    const afterName = bytes.indexOf(0, HEADER_BYTES + 4) + 1;
    const start = afterName + 8;
    return read(bytes.subarray(start, start + bytes.readInt32LE(start)));
}

function readSections(bytes: Buffer): Doc {
    let command: Doc = {};
    const sequences: Doc = {};
    for (let i = 0; i < bytes.length;) {
        const kind = bytes[i++];
        const length = bytes.readInt32LE(i);
        if (kind === 0)
            command = read(bytes.subarray(i, i + length));
        else
            Object.assign(sequences, readSequence(bytes.subarray(i, i + length)));
        i += length;
    }
    return {...command, ...sequences};
}

function readSequence(bytes: Buffer): Doc {
    const end = bytes.indexOf(0, 4);
    const name = bytes.toString('utf8', 4, end);
    const docs: Doc[] = [];
    for (let i = end + 1; i < bytes.length;) {
        const length = bytes.readInt32LE(i);
        docs.push(read(bytes.subarray(i, i + length)));
        i += length;
    }
    return {[name]: docs};
}

function replyTo(requestId: number, operation: number, doc: Doc): Buffer {
    const body = BSON.serialize(doc, {ignoreUndefined: true});
    const header = Buffer.alloc(operation === OP_MSG ? HEADER_BYTES + 5 : HEADER_BYTES + 20);
    header.writeInt32LE(header.length + body.length, 0);
    header.writeInt32LE(requestId, 8);
    header.writeInt32LE(operation, 12);
    if (operation === OP_REPLY) {
        header.writeInt32LE(8, HEADER_BYTES);
        header.writeInt32LE(1, HEADER_BYTES + 16);
    }
    return Buffer.concat([header, body]);
}
