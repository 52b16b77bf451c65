import {BadRequestError, WoltageError} from '../errors/index.ts';
import type {DeferredCommands} from '../context/index.ts';
import {placeRecorded, type Cause, type Event, type EventData, type RecordedEvent} from '../events/index.ts';
import {STATE_NEW, type AppendResult} from '../ports/index.ts';
import {cloneData, copyIfPlain, tryClone} from '../shared/data.ts';
import {traced} from '../shared/telemetry.ts';
import type {Aggregate} from './aggregate.ts';
import {checkAggregateId} from './aggregate-id.ts';
import type {AggregateAppend} from './appender.ts';
import {keyOf, type LoadedState} from './aggregate-loader.ts';
import {isAhead, seedOf, validPayload, type CommandExecutor, type CommandOutcome, type CommandRequest, type EventIdAt, type ExecutorParts} from './command-executor.ts';
import {isRevisionConflict, pauseBeforeRetry} from './conflicts.ts';
import {toDecided} from './decided.ts';
import {isErasure} from './erase-stream.ts';

export interface UnitOptions {
    /** All events are appended in one write, or none. False: those of each aggregate on their own, in the order in which they are first used. @default true */
    readonly atomic?: boolean | undefined;
    /** How many times all of it is decided anew when another command was faster. @default 0 */
    readonly retryOnConflict?: number | undefined;
}

/** An aggregate as the commands of a unit see it. */
interface Member {
    readonly aggregate: Aggregate;
    readonly aggregateId: string;
    readonly loaded: LoadedState;
    /** With the events of the unit folded in; `undefined` where it can't be copied: it is folded anew for each handler then. */
    state: {readonly copy: unknown} | undefined;
    readonly events: Event[];
    readonly data: EventData[];
    /** Some of its events are not to be appended regardless of what has come since. */
    isBound: boolean;
}

/** One attempt at a unit. */
interface Unit {
    readonly requests: readonly CommandRequest[];
    readonly atomic: boolean;
    readonly mailboxes: readonly string[];
    readonly cause: Cause | undefined;
    readonly idAt: EventIdAt | undefined;
    readonly deferred: DeferredCommands;
    /** Handlers may change what they get, and there may be another attempt. */
    readonly copiesPayloads: boolean;
    readonly members: Map<string, Member>;
    /** To how many aggregates events have been appended. */
    appended: number;
}

/** Where the events of a command stand among those of its aggregate. */
interface Part {
    readonly member: Member;
    readonly from: number;
    readonly to: number;
}

/** Executes several commands as one unit of work: each aggregate is loaded once, later commands see the events of earlier ones. */
export class CommandUnit {
    readonly #parts: ExecutorParts;
    readonly #executor: CommandExecutor;

    constructor(executor: CommandExecutor, parts: ExecutorParts) {
        this.#executor = executor;
        this.#parts = parts;
    }

    /**
     * @throws BadRequestError `ATOMIC_UNSUPPORTED` when the event store can't append to several streams at once; no handler has run then
     * @throws what a command would throw on its own; nothing is appended then
     */
    async execute(requests: readonly CommandRequest[], {atomic = true, retryOnConflict = 0}: UnitOptions, cause?: Cause, idAt?: EventIdAt): Promise<readonly CommandOutcome[]> {
        const valid = await validateAll(requests);
        const keys = valid.map(({command, aggregateId}) => keyOf(command.aggregate, aggregateId));
        if (atomic && new Set(keys).size > 1 && !this.#parts.appender.isAtomic)
            throw new BadRequestError('This event store can\'t append to several streams at once: use commands of one aggregate, or {atomic: false}.', {code: 'ATOMIC_UNSUPPORTED'});
        const mailboxes = keys.filter((_, i) => valid[i]?.command.aggregate.options.concurrency === 'serialized');
        return this.#executor.mailboxes.runAll(mailboxes, async () => {
            for (let attempt = 0, hasDoubted = false; ;) {
                const unit: Unit = {requests: valid, atomic, mailboxes, cause, idAt, deferred: this.#parts.defer(seedOf(idAt)), copiesPayloads: retryOnConflict > 0, members: new Map(), appended: 0};
                try {
                    return await this.#attempt(unit);
                } catch (error) {
                    // What has been appended of a unit that isn't atomic must not be appended again.
                    if (!isRevisionConflict(error) || unit.appended > 0)
                        throw error;
                    if (!hasDoubted && await this.#forgetWhatIsWrong(unit, error.details))
                        hasDoubted = true;
                    else if (attempt++ < retryOnConflict)
                        await pauseBeforeRetry(attempt);
                    else
                        throw error;
                }
            }
        });
    }

    /** @returns Whether anything was known to be further than the stream is, which may have been restored */
    async #forgetWhatIsWrong({members}: Unit, details: unknown): Promise<boolean> {
        const wrong = [...members.values()].filter(({loaded}) => isAhead(loaded, details));
        for (const {aggregate, aggregateId} of wrong)
            await this.#parts.loader.distrust(aggregate, aggregateId);
        return wrong.length > 0;
    }

    async #attempt(unit: Unit): Promise<readonly CommandOutcome[]> {
        const {requests, members, cause, idAt} = unit;
        const parts: Part[] = [];
        for (const [place, request] of requests.entries()) {
            const member = await this.#member(members, request);
            const from = member.events.length;
            const events = await this.#decide(request, member, unit);
            for (const [index, event] of events.entries()) {
                member.data.push(this.#parts.catalogue.toData(event, idAt === undefined ? event.id : await idAt(place, index), cause));
                member.events.push(event);
            }
            this.#fold(member, from);
            parts.push({member, from, to: member.events.length});
        }
        const changed = [...members.values()].filter(({events}) => events.length > 0);
        const {deferred} = unit;
        const results = await (deferred.isEmpty ? this.#append(changed, unit) : deferred.around(changed[0]?.data[0] ?? cause, () => this.#append(changed, unit)));
        changed.forEach((member, i) => {
            const result = results[i] as AppendResult;
            placeRecorded(member.events, member.data, result);
            this.#parts.taker.consider(member.aggregate, member.aggregateId, member.loaded, result.revision);
        });
        return parts.map(part => outcomeOf(part, results[changed.indexOf(part.member)]));
    }

    async #member(members: Map<string, Member>, {command: {aggregate}, aggregateId}: CommandRequest): Promise<Member> {
        const key = keyOf(aggregate, aggregateId);
        const known = members.get(key);
        if (known !== undefined)
            return known;
        const loaded = await this.#parts.loader.load(aggregate, aggregateId);
        const member = {aggregate, aggregateId, loaded, state: tryClone(loaded.state), events: [], data: [], isBound: false};
        members.set(key, member);
        return member;
    }

    async #decide(request: CommandRequest, member: Member, {mailboxes, deferred, copiesPayloads}: Unit): Promise<readonly Event[]> {
        const {command, aggregateId, context} = request;
        const payload = copiesPayloads ? copyIfPlain(request.payload) : request.payload;
        const state = tryClone(member.state?.copy)?.copy ?? await this.#foldAnew(member);
        const aggregateVersion = Number(member.loaded.revision) + member.events.length + 1;
        const result = await this.#parts.run(() => command.handler(state as never, payload as never, {...context, aggregateId, aggregateVersion}), deferred, mailboxes);
        const {events, force} = toDecided(result, command, aggregateId);
        member.isBound ||= events.length > 0 && !force;
        if (isErasure(events, `Command '${command.aggregate.name}.${command.name}'`))
            throw new WoltageError(`Command '${command.aggregate.name}.${command.name}' returned a tombstone, and is executed together with others. Execute it alone.`, 500, {code: 'TOMBSTONE_NOT_ALONE'});
        return events;
    }

    /** Folds the events from that place on into the state that later handlers get. */
    #fold(member: Member, from: number): void {
        if (member.state !== undefined && member.events.length > from)
            member.state = tryClone(this.#parts.loader.apply(member.aggregate, member.state.copy, recordsOf(member, from)));
    }

    async #foldAnew(member: Member): Promise<unknown> {
        const {aggregate, aggregateId, loaded} = member;
        const {state} = await this.#parts.loader.loadAt(aggregate, aggregateId, {revision: loaded.revision});
        return this.#parts.loader.apply(aggregate, state, recordsOf(member, 0));
    }

    async #append(members: readonly Member[], unit: Unit): Promise<readonly AppendResult[]> {
        const {appender} = this.#parts;
        const appends = members.map(({aggregate, aggregateId, events, data, isBound, loaded: {revision}}): AggregateAppend =>
            ({aggregate, aggregateId, events, data, revision: !isBound ? undefined : revision < 0n ? STATE_NEW : revision}));
        return traced('woltage.append', () => ({'woltage.streams': appends.length}), async () => {
            if (unit.atomic)
                return appends.length === 0 ? [] : appender.append(appends);
            const results: AppendResult[] = [];
            for (const append of appends) {
                results.push(await appender.appendOne(append));
                unit.appended++;
            }
            return results;
        });
    }
}

/** All of them are looked at before anything is loaded. */
async function validateAll(requests: readonly CommandRequest[]): Promise<readonly CommandRequest[]> {
    const valid: CommandRequest[] = [];
    for (const request of requests) {
        checkAggregateId(request.aggregateId);
        valid.push({...request, payload: await validPayload(request)});
    }
    return valid;
}

/** The events of a member as they will be recorded, as far as one can tell. */
function recordsOf({aggregate: {name}, aggregateId, data, loaded: {revision}}: Member, from: number): RecordedEvent[] {
    return data.slice(from).map((event, i) => ({
        ...event, payload: cloneData(event.payload), meta: cloneData(event.meta), aggregateName: name, aggregateId, revision: revision + BigInt(from + i + 1), position: -1n
    }));
}

function outcomeOf({member: {events, loaded}, from, to}: Part, result: AppendResult | undefined): CommandOutcome {
    if (result === undefined)
        return {revision: loaded.revision, position: loaded.position, events: []};
    return {revision: result.revision - BigInt(events.length - to), position: result.position, events: events.slice(from, to)};
}
