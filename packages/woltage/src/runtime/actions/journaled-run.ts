import {Aggregate, type CommandHandle, type CommandOutcome, type CommandRequest} from '../../aggregates/index.ts';
import {Decision} from '../../decisions/index.ts';
import type {RunOutcome} from '../../actions/index.ts';
import {ConflictError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import {currentClock} from '../../shared/clock.ts';
import {encodeJson} from '../../shared/json-codec.ts';
import {Mutex} from '../../shared/mutex.ts';
import {deriveUuid} from '../../shared/uuid.ts';
import {toKept, type IdAt} from '../command-traces.ts';
import type {Journal, JournalEntry} from './journal.ts';
import {JournaledDecisions} from './journaled-decisions.ts';
import type {RunParts} from './run-parts.ts';

/** As made by `randomUUID()` and its like. */
const MADE_UP = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

/** The commands and decisions of one attempt at a task: what an earlier attempt has begun is not done again. */
export class JournaledRun {
    readonly #parts: RunParts;
    readonly #journal: Journal;
    readonly #taskId: string;
    readonly #cause: Cause;
    readonly #decisions: JournaledDecisions;
    /** Calls that are made at once get their places in the journal in their order, or another attempt would take one for the other. */
    readonly #turns = new Mutex();
    #calls = 0;

    constructor(parts: RunParts, journal: Journal, taskId: string, cause: Cause) {
        this.#parts = parts;
        this.#journal = journal;
        this.#taskId = taskId;
        this.#cause = cause;
        this.#decisions = new JournaledDecisions(parts, journal, cause, index => this.#idAt(index));
    }

    async run(target: unknown, ...args: readonly unknown[]): Promise<RunOutcome> {
        const place = this.#calls++;
        if (target instanceof Decision)
            return this.#decisions.decide(this.#parts.findDecision(target), args[0], args[1] as object | undefined, place);
        const isNamed = typeof target === 'string' || target instanceof Aggregate;
        const command = this.#parts.findCommand(target, isNamed ? args[1] : undefined);
        const [payload, context] = (isNamed ? args.slice(2) : args.slice(1)) as [unknown, object | undefined];
        return this.#command({command, aggregateId: args[0] as string, payload, context}, place);
    }

    async #command(request: CommandRequest, place: number): Promise<CommandOutcome> {
        const {index: entered} = await this.#turns.run(() => this.#enter(request, place));
        const index = await entered;
        // Where an earlier attempt has made up another id for a new aggregate, that is the one.
        const begun = {...request, aggregateId: this.#journal.entry(index)?.target ?? request.aggregateId};
        const idAt = this.#idAt(index);
        return this.#journal.isOld(index) && await this.#done(begun, index, idAt) || this.#execute(begun, index, idAt);
    }

    /** Finds its entry, or makes one. @returns The index: a promise while a new entry is written, which others needn't wait for */
    async #enter(request: CommandRequest, place: number): Promise<{readonly index: number | Promise<number>}> {
        const {command: {aggregate, name: commandName}, aggregateId: target, payload} = request;
        const name = `${aggregate.name}.${commandName}`;
        await this.#journal.load();
        const entry = {name, target, place, payload: await deriveUuid('', encodeJson(payload ?? null)), at: currentClock().now()};
        return {index: this.#journal.match(entry) ?? await this.#reborn(request, entry) ?? this.#journal.begin(entry)};
    }

    /** What an earlier attempt has done, if it has. */
    async #done(request: CommandRequest, index: number, idAt: IdAt): Promise<CommandOutcome | undefined> {
        const entry = this.#journal.entry(index);
        const kept = entry?.kept ?? await this.#parts.traces.find(request, idAt, entry?.at);
        return kept && this.#parts.traces.restore(request, kept);
    }

    async #execute(request: CommandRequest, index: number, idAt: IdAt): Promise<CommandOutcome> {
        try {
            const outcome = await this.#parts.execute(request, this.#cause, idAt);
            this.#journal.finish(index, toKept(outcome));
            return outcome;
        } catch (error) {
            // A rival attempt may have been faster: this process, if it was taken for dead.
            const kept = error instanceof ConflictError ? await this.#parts.traces.find(request, idAt) : undefined;
            if (kept === undefined)
                throw error;
            return this.#parts.traces.restore(request, kept);
        }
    }

    /** A command that would begin a stream, where the same call of an earlier attempt has begun one under another id, made up as this one is: the index of that. */
    async #reborn({command, aggregateId}: CommandRequest, entry: JournalEntry): Promise<number | undefined> {
        const candidates = MADE_UP.test(aggregateId) ? this.#journal.free(entry).filter(index => MADE_UP.test(this.#journal.entry(index)?.target ?? '')) : [];
        if (candidates.length === 0 || !await this.#isNew(command, aggregateId))
            return undefined;
        for (const index of candidates) {
            const {kept: known, target, at} = this.#journal.entry(index) as JournalEntry;
            const kept = known ?? await this.#parts.traces.find({command, aggregateId: target}, this.#idAt(index), at);
            if (kept !== undefined && kept.events > 0 && BigInt(kept.revision) + 1n === BigInt(kept.events))
                return this.#journal.take(index);
        }
        return undefined;
    }

    async #isNew({aggregate}: CommandHandle, aggregateId: string): Promise<boolean> {
        for await (const page of this.#parts.eventStore.read(aggregate.name, aggregateId, {limit: 1, tombstone: true})) {
            if (page.length > 0)
                return false;
        }
        return true;
    }

    #idAt(index: number): IdAt {
        return event => deriveUuid(this.#taskId, `${index}/${event}`);
    }
}
