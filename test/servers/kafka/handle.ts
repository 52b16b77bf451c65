import type {ClusterState} from './cluster-state.ts';
import {API, CODE, OLD, VERSIONS, type ApiName} from './codes.ts';
import type {JoinRequest} from './groups.ts';
import {type Reader, Writer} from './wire.ts';

/** A request as a handler gets it. */
export interface Request {
    readonly state: ClusterState;
    readonly settings: {readonly port: number; readonly autoCreate: boolean; readonly partitions: number; readonly maxBytes: number; readonly isOld: boolean};
    readonly version: number;
    readonly isFlexible: boolean;
    readonly clientId: string;
    readonly reader: Reader;
    /** Aborts when the connection has gone. */
    readonly gone: AbortSignal;
    /** The error that a test wants as the answer; 0: none. */
    readonly injected: number;
}

/** The body of the answer; `undefined`: none is sent. */
export type Answer = Writer | undefined;

/** The only broker. */
const NODE = 1;
const HOST = '127.0.0.1';
/** A topic's name, as Kafka takes it. */
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;

export const handlers: Readonly<Record<ApiName, (request: Request) => Answer | Promise<Answer>>> = {
    apiVersions, produce, fetch, listOffsets, metadata, offsetCommit, offsetFetch, findCoordinator, joinGroup, syncGroup, heartbeat, leaveGroup, createTopics, initProducerId
};

const writerOf = ({isFlexible}: Request): Writer => new Writer(isFlexible);

export function apiVersions({version, isFlexible, settings}: Request): Writer {
    const isKnown = version <= VERSIONS.apiVersions.max;
    const writer = new Writer(isKnown && isFlexible).int16(isKnown ? CODE.none : CODE.unsupportedVersion).array(Object.keys(API) as ApiName[], (w, name) => {
        w.int16(API[name]).int16(VERSIONS[name].min).int16(maxVersion(name, settings.isOld)).tags();
    });
    return isKnown && version >= 1 ? writer.int32(0).tags() : writer;
}

export const maxVersion = (name: ApiName, isOld: boolean): number => (isOld ? OLD[name] : undefined) ?? VERSIONS[name].max;

function produce(request: Request): Answer {
    const {reader, state, settings, injected} = request;
    reader.nullableString();
    const acks = reader.int16();
    reader.int32();
    const topics = reader.array(r => {
        const name = r.string();
        return {name, partitions: r.array(p => {
            const index = p.int32();
            const records = p.bytes();
            p.tags();
            const log = state.partition(name, index);
            if (injected !== 0 || log === undefined)
                return {index, code: injected || CODE.unknownTopicOrPartition, baseOffset: -1n};
            return {index, ...log.append(records, settings.maxBytes)};
        }), end: r.tags()};
    });
    state.appended();
    if (acks === 0)
        return undefined;
    return writerOf(request).array(topics, (w, topic) => w.string(topic.name).array(topic.partitions, (p, {index, code, baseOffset}) => {
        p.int32(index).int16(code).int64(baseOffset).int64(-1n);
        if (request.version >= 5)
            p.int64(state.partition(topic.name, index)?.startOffset ?? -1n);
        if (request.version >= 8)
            p.array([], () => undefined).string(null);
        p.tags();
    }).tags()).int32(0).tags();
}

interface FetchPartition {
    readonly topic: string;
    readonly index: number;
    readonly offset: bigint;
    readonly maxBytes: number;
}

async function fetch(request: Request): Promise<Answer> {
    const {reader, state, version, gone} = request;
    if (version < 15)
        reader.int32();
    const deadline = Date.now() + reader.int32();
    const minBytes = reader.int32();
    const maxBytes = reader.int32();
    reader.int8();
    if (version >= 7) {
        reader.int32();
        reader.int32();
    }
    const topics = reader.array(r => {
        const topic = version >= 13 ? state.topicOfId(r.uuid()) : r.string();
        const partitions = r.array(p => readFetchPartition(p, topic, version));
        r.tags();
        return {topic, partitions};
    });
    for (;;) {
        let left = maxBytes;
        let size = 0;
        let hasProblem = request.injected !== 0;
        const answers = topics.map(({topic, partitions}) => ({topic, partitions: partitions.map(partition => {
            const answer = readPartition(request, partition, left);
            left -= answer.records.length;
            size += answer.records.length;
            hasProblem ||= answer.code !== CODE.none;
            return answer;
        })}));
        const rest = deadline - Date.now();
        if (size >= minBytes || hasProblem || rest <= 0 || gone.aborted)
            return writeFetch(request, answers);
        await state.change(rest, gone);
    }
}

function readFetchPartition(reader: Reader, topic: string, version: number): FetchPartition {
    const index = reader.int32();
    if (version >= 9)
        reader.int32();
    const offset = reader.int64();
    if (version >= 12)
        reader.int32();
    if (version >= 5)
        reader.int64();
    const maxBytes = reader.int32();
    reader.tags();
    return {topic, index, offset, maxBytes};
}

interface FetchedPartition {
    readonly index: number;
    readonly code: number;
    readonly next: bigint;
    readonly start: bigint;
    readonly records: Buffer;
    readonly aborted: readonly {readonly producerId: bigint; readonly firstOffset: bigint}[];
}

function readPartition({state, injected}: Request, {topic, index, offset, maxBytes}: FetchPartition, left: number): FetchedPartition {
    const log = state.partition(topic, index);
    const none = {index, next: log?.nextOffset ?? -1n, start: log?.startOffset ?? -1n, records: Buffer.alloc(0), aborted: []};
    if (log === undefined)
        return {...none, code: CODE.unknownTopicOrPartition};
    if (injected !== 0)
        return {...none, code: injected};
    if (offset < log.startOffset || offset > log.nextOffset)
        return {...none, code: CODE.offsetOutOfRange};
    return {...none, code: CODE.none, records: left > 0 ? log.read(offset, Math.min(left, maxBytes)) : none.records, aborted: log.abortedAfter(offset)};
}

function writeFetch(request: Request, topics: readonly {readonly topic: string; readonly partitions: readonly FetchedPartition[]}[]): Writer {
    const {version} = request;
    const writer = writerOf(request).int32(0);
    if (version >= 7)
        writer.int16(0).int32(0);
    return writer.array(topics, (w, {topic, partitions}) => (version >= 13 ? w.uuid(request.state.topicId(topic)) : w.string(topic)).array(partitions, (p, {index, code, next, start, records, aborted}) => {
        p.int32(index).int16(code).int64(next).int64(next);
        if (version >= 5)
            p.int64(start);
        p.array(aborted, (a, {producerId, firstOffset}) => a.int64(producerId).int64(firstOffset).tags());
        if (version >= 11)
            p.int32(-1);
        p.bytes(records).tags();
    }).tags()).tags();
}

function listOffsets(request: Request): Answer {
    const {reader, state, version} = request;
    reader.int32();
    if (version >= 2)
        reader.int8();
    const topics = reader.array(r => {
        const name = r.string();
        return {name, partitions: r.array(p => {
            const index = p.int32();
            if (version >= 4)
                p.int32();
            const log = state.partition(name, index);
            const timestamp = p.int64();
            p.tags();
            const code = request.injected || (log === undefined ? CODE.unknownTopicOrPartition : CODE.none);
            return {index, code, offset: code === CODE.none ? log?.offsetAt(timestamp) ?? -1n : -1n};
        }), end: r.tags()};
    });
    const writer = writerOf(request);
    if (version >= 2)
        writer.int32(0);
    return writer.array(topics, (w, {name, partitions}) => w.string(name).array(partitions, (p, {index, code, offset}) => {
        p.int32(index).int16(code).int64(-1n).int64(offset);
        if (version >= 4)
            p.int32(0);
        p.tags();
    }).tags()).tags();
}

function metadata(request: Request): Answer {
    const {reader, state, settings, version} = request;
    const asked = reader.nullableArray(r => {
        if (version >= 10)
            r.uuid();
        const name = r.string();
        r.tags();
        return name;
    });
    const mayCreate = settings.autoCreate && (version < 4 || reader.boolean());
    const names = asked ?? [...state.topics.keys()];
    const topics = names.map(name => {
        if (!TOPIC.test(name))
            return {name, code: CODE.invalidTopic, partitions: 0};
        const topic = state.topics.get(name) ?? (mayCreate ? state.createTopic(name, settings.partitions) : undefined);
        return {name, code: topic === undefined ? CODE.unknownTopicOrPartition : CODE.none, partitions: topic?.length ?? 0};
    });
    const writer = writerOf(request);
    if (version >= 3)
        writer.int32(0);
    writer.array([NODE], (w, node) => w.int32(node).string(HOST).int32(settings.port).string(null).tags());
    if (version >= 2)
        writer.string('woltage-test');
    writer.int32(NODE).array(topics, (w, {name, code, partitions}) => {
        w.int16(code).string(name);
        if (version >= 10)
            w.uuid(state.topicId(name));
        w.boolean(false).array(Array.from({length: partitions}, (_, index) => index), (p, index) => writePartition(p, index, version));
        if (version >= 8)
            w.int32(-2147483648);
        w.tags();
    });
    if (version >= 8 && version <= 10)
        writer.int32(-2147483648);
    return writer.tags();
}

function writePartition(writer: Writer, index: number, version: number): void {
    writer.int16(0).int32(index).int32(NODE);
    if (version >= 7)
        writer.int32(0);
    writer.array([NODE], (w, node) => w.int32(node)).array([NODE], (w, node) => w.int32(node));
    if (version >= 5)
        writer.array([], () => undefined);
    writer.tags();
}

function findCoordinator(request: Request): Answer {
    const {reader, version, settings, injected} = request;
    const writer = writerOf(request);
    if (version >= 4) {
        reader.int8();
        return writer.int32(0).array(reader.array(r => r.string()), (w, key) => w.string(key).int32(NODE).string(HOST).int32(settings.port).int16(injected).string(null).tags()).tags();
    }
    if (version >= 1)
        writer.int32(0);
    writer.int16(injected);
    if (version >= 1)
        writer.string(null);
    return writer.int32(NODE).string(HOST).int32(settings.port).tags();
}

async function joinGroup(request: Request): Promise<Answer> {
    const {reader, state, version, clientId, injected} = request;
    const group = state.group(reader.string());
    const sessionTimeoutMs = reader.int32();
    const rebalanceTimeoutMs = reader.int32();
    const memberId = reader.string();
    if (version >= 5)
        reader.nullableString();
    reader.string();
    const protocols = reader.array(r => {
        const protocol = {name: r.string(), metadata: r.bytes()};
        r.tags();
        return protocol;
    });
    const join: JoinRequest = {memberId, sessionTimeoutMs, rebalanceTimeoutMs, protocols};
    const joined = injected === 0
        ? await group.join(join, clientId)
        : {code: injected, generation: -1, protocol: '', leader: '', memberId, members: []};
    const writer = writerOf(request).int32(0).int16(joined.code).int32(joined.generation);
    if (version >= 7)
        writer.string('consumer');
    writer.string(joined.protocol).string(joined.leader);
    if (version >= 9)
        writer.boolean(false);
    return writer.string(joined.memberId)
        .array(joined.members, (w, {id, metadata: subscription}) => {
            w.string(id);
            if (version >= 5)
                w.string(null);
            w.bytes(subscription).tags();
        }).tags();
}

async function syncGroup(request: Request): Promise<Answer> {
    const {group, generation, memberId} = readMembership(request);
    if (request.version >= 5) {
        request.reader.nullableString();
        request.reader.nullableString();
    }
    const assignments = request.reader.array(r => {
        const assignment = {memberId: r.string(), assignment: r.bytes()};
        r.tags();
        return assignment;
    });
    const {code, assignment} = request.injected === 0 ? await group.sync(memberId, generation, assignments) : {code: request.injected, assignment: Buffer.alloc(0)};
    const writer = writerOf(request);
    if (request.version >= 1)
        writer.int32(0);
    writer.int16(code);
    if (request.version >= 5)
        writer.string('consumer').string('');
    return writer.bytes(assignment).tags();
}

function heartbeat(request: Request): Answer {
    const {group, generation, memberId} = readMembership(request);
    const writer = writerOf(request);
    if (request.version >= 1)
        writer.int32(0);
    return writer.int16(request.injected || group.heartbeat(memberId, generation)).tags();
}

function readMembership({reader, state, version}: Request) {
    const group = state.group(reader.string());
    const generation = reader.int32();
    const memberId = reader.string();
    if (version >= 3)
        reader.nullableString();
    return {group, generation, memberId};
}

function leaveGroup(request: Request): Answer {
    const {reader, state, version} = request;
    const group = state.group(reader.string());
    const members = version >= 3 ? reader.array(r => {
        const id = r.string();
        r.nullableString();
        if (version >= 5)
            r.nullableString();
        r.tags();
        return id;
    }) : [reader.string()];
    const left = members.map(id => ({id, code: group.leave(id)}));
    const writer = writerOf(request);
    if (version >= 1)
        writer.int32(0);
    writer.int16(version >= 3 ? CODE.none : left[0]?.code ?? CODE.none);
    if (version >= 3)
        writer.array(left, (w, {id, code}) => w.string(id).string(null).int16(code).tags());
    return writer.tags();
}

function offsetCommit(request: Request): Answer {
    const {reader, state, version} = request;
    const group = state.group(reader.string());
    const generation = reader.int32();
    const code = request.injected || group.mayCommit(reader.string(), generation);
    if (version >= 7)
        reader.nullableString();
    if (version <= 4)
        reader.int64();
    const topics = reader.array(r => {
        const name = r.string();
        const partitions = r.array(p => {
            const index = p.int32();
            const offset = p.int64();
            if (version >= 6)
                p.int32();
            p.nullableString();
            p.tags();
            if (code === CODE.none)
                group.offsets.set(`${name}:${index}`, offset);
            return index;
        });
        r.tags();
        return {name, partitions};
    });
    const writer = writerOf(request);
    if (version >= 3)
        writer.int32(0);
    return writer.array(topics, (w, {name, partitions}) => w.string(name).array(partitions, (p, index) => p.int32(index).int16(code).tags()).tags()).tags();
}

function offsetFetch(request: Request): Answer {
    const {reader, version} = request;
    const readTopics = (): AskedTopics => reader.nullableArray(r => {
        const topic = {name: r.string(), partitions: r.array(p => p.int32())};
        r.tags();
        return topic;
    });
    if (version >= 8) {
        const groups = reader.array(r => {
            const id = r.string();
            if (version >= 9) {
                r.nullableString();
                r.int32();
            }
            const group = {id, topics: readTopics()};
            r.tags();
            return group;
        });
        return writerOf(request).int32(0).array(groups, (w, {id, topics}) => {
            w.string(id);
            writeOffsets(request, w, id, topics);
            w.int16(0).tags();
        }).tags();
    }
    const id = reader.string();
    const writer = writerOf(request);
    if (version >= 3)
        writer.int32(0);
    writeOffsets(request, writer, id, readTopics());
    if (version >= 2)
        writer.int16(0);
    return writer.tags();
}

type AskedTopics = readonly {readonly name: string; readonly partitions: readonly number[]}[] | null;

function writeOffsets({state, version}: Request, writer: Writer, id: string, topics: AskedTopics): void {
    const {offsets} = state.group(id);
    writer.array(topics ?? [], (w, {name, partitions}) => w.string(name).array(partitions, (p, index) => {
        p.int32(index).int64(offsets.get(`${name}:${index}`) ?? -1n);
        if (version >= 5)
            p.int32(-1);
        p.string('').int16(0).tags();
    }).tags());
}

function createTopics(request: Request): Answer {
    const {reader, state} = request;
    const topics = reader.array(r => {
        const name = r.string();
        const partitions = r.int32();
        r.int16();
        r.array(a => {
            a.int32();
            a.array(n => n.int32());
            a.tags();
        });
        r.array(c => {
            c.string();
            c.nullableString();
            c.tags();
        });
        r.tags();
        return {name, partitions, code: codeOfCreation(state, name, partitions)};
    });
    for (const {name, partitions, code} of topics) {
        if (code === CODE.none)
            state.createTopic(name, partitions === -1 ? request.settings.partitions : partitions);
    }
    return writerOf(request).int32(0).array(topics, (w, {name, partitions, code}) =>
        w.string(name).int64(0n).int64(0n).int16(code).string(null).int32(partitions).int16(1).array([], () => undefined).tags()).tags();
}

function codeOfCreation(state: ClusterState, name: string, partitions: number): number {
    if (!TOPIC.test(name))
        return CODE.invalidTopic;
    if (state.topics.has(name))
        return CODE.topicExists;
    return partitions === -1 || partitions > 0 ? CODE.none : CODE.invalidPartitions;
}

function initProducerId(request: Request): Answer {
    const id = request.injected === 0 ? request.state.newProducerId() : -1n;
    return writerOf(request).int32(0).int16(request.injected).int64(id).int16(request.injected === 0 ? 0 : -1).tags();
}
