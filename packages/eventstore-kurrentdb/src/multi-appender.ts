import {jsonEvent, NO_STREAM, type AppendStreamRequest, type EventData as SentEvent, type KurrentDBClient} from '@kurrent/kurrentdb-client';
import {BadRequestError, type AppendResult} from 'woltage';
import type {Appender, Plan} from './appender.ts';
import type {Calls} from './calls.ts';
import {checkIds, type EncodedAppend, type EncodedEvent} from './encode.ts';
import {checkParts, endsOf, joinByStream, type JoinedAppend} from './joined-append.ts';
import {isConflict, isDeletedStream, streamOf} from './kurrentdb-error.ts';
import {toTextMetadata} from './metadata.ts';
import {gone} from './stream-reader.ts';
import type {Turns} from './turns.ts';
import type {Writer} from './writer.ts';

interface Planned {
    readonly joined: JoinedAppend;
    readonly plan: Plan;
}

/** What the server takes for a type where several streams are written. */
const TYPE = /^[\p{L}\p{N}_.$:-]+$/u;

/** Appends to several streams, all or nothing, where the server offers that (25.1 and newer). */
export class MultiAppender {
    readonly #client: KurrentDBClient;
    readonly #calls: Calls;
    readonly #appender: Appender;
    readonly #writer: Writer;
    readonly #turns: Turns;

    constructor(client: KurrentDBClient, calls: Calls, appender: Appender, writer: Writer, turns: Turns) {
        this.#client = client;
        this.#calls = calls;
        this.#appender = appender;
        this.#writer = writer;
        this.#turns = turns;
    }

    /**
     * @returns In the order of `appends`
     * @throws ConflictError `REVISION_CONFLICT`, `EVENT_ID_EXISTS`
     * @throws GoneError
     * @throws BadRequestError `INVALID_EVENT`, `INVALID_AGGREGATE_ID` for what this call alone doesn't take
     */
    appendAll(appends: readonly EncodedAppend[]): Promise<readonly AppendResult[]> {
        const all = joinByStream(appends);
        checkNames(all);
        for (const {append} of all)
            checkIds(append);
        return this.#turns.runAll(all.map(({append}) => append.stream), () => this.#append(all));
    }

    async #append(all: readonly JoinedAppend[]): Promise<readonly AppendResult[]> {
        for (let isFirst = true; ; isFirst = false) {
            const planned = await Promise.all(all.map(joined => this.#plan(joined, isFirst)));
            const open = planned.filter(({plan}) => typeof plan === 'bigint');
            try {
                const revisions = open.length === 0 ? [] : await this.#write(open);
                return await this.#results(planned.map(({joined, plan}) =>
                    ({joined, end: typeof plan === 'bigint' ? revisions[open.findIndex(one => one.joined === joined)] ?? 0n : plan.revision})));
            } catch (error) {
                // Others have appended meanwhile: what they wrote may be these very events.
                if (!isConflict(error))
                    throw error;
            }
        }
    }

    async #plan(joined: JoinedAppend, isGuess: boolean): Promise<Planned> {
        const plan = isGuess ? await this.#appender.guess(joined.append) : await this.#appender.plan(joined.append);
        if (typeof plan === 'bigint')
            checkParts(joined, plan);
        return {joined, plan};
    }

    /** @returns The revision of each stream's last event */
    async #write(planned: readonly Planned[]): Promise<readonly bigint[]> {
        const requests = planned.map(({joined: {append}, plan}): AppendStreamRequest => ({
            streamName: append.stream, expectedState: plan as bigint < 0n ? NO_STREAM : plan as bigint, events: append.events.map(toSent)
        }));
        try {
            const {responses} = await this.#calls.make(() => this.#client.multiStreamAppend(requests));
            const byStream = new Map(responses.map(({streamName, revision}) => [streamName, revision]));
            return requests.map(({streamName}) => byStream.get(streamName) ?? 0n);
        } catch (error) {
            const erased = planned.find(({joined}) => joined.append.stream === streamOf(error)) ?? planned[0];
            throw isDeletedStream(error) ? gone(streamOf(error) ?? '', erased?.joined.append) : error;
        }
    }

    /** The server tells one position for all of it: that of each stream is read. */
    async #results(ends: readonly {readonly joined: JoinedAppend; readonly end: bigint}[]): Promise<readonly AppendResult[]> {
        const results: AppendResult[] = [];
        await Promise.all(ends.flatMap(({joined, end}) => [...endsOf(joined, {revision: end})].map(async ([index, revision]) => {
            results[index] = {revision, position: await this.#writer.positionAt(joined.append.stream, revision)};
        })));
        return results;
    }
}

const toSent = (event: EncodedEvent): SentEvent =>
    jsonEvent({id: event.id, type: event.type, data: event.payload as never, metadata: toTextMetadata(event)});

function checkNames(all: readonly JoinedAppend[]): void {
    const event = all.flatMap(({append}) => append.events).find(({type}) => !TYPE.test(type));
    if (event !== undefined)
        throw new BadRequestError(`Event '${event.type}' ${event.id}: where several streams are appended to at once, KurrentDB takes types of letters, digits and _.$:- alone.`, {code: 'INVALID_EVENT', details: {id: event.id, type: event.type}});
    const names = all.map(({append}) => append.stream.toLowerCase());
    const twin = names.find((name, i) => names.indexOf(name) < i);
    if (twin !== undefined)
        throw new BadRequestError(`KurrentDB can't append at once to two streams whose names differ in case alone: '${twin}'.`, {code: 'INVALID_AGGREGATE_ID', details: {stream: twin}});
}
