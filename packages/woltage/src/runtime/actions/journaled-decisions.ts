import type {RunOutcome} from '../../actions/index.ts';
import type {CompiledDecision, DecisionOutcome} from '../../decisions/index.ts';
import {ConflictError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import {currentClock} from '../../shared/clock.ts';
import {encodeJson} from '../../shared/json-codec.ts';
import {deriveUuid} from '../../shared/uuid.ts';
import {toKept, type IdAt} from '../command-traces.ts';
import {findDecision} from './decision-traces.ts';
import type {Journal} from './journal.ts';
import type {RunParts} from './run-parts.ts';

/** The decisions of one attempt at a task. */
export class JournaledDecisions {
    readonly #parts: RunParts;
    readonly #journal: Journal;
    readonly #cause: Cause;
    readonly #idAt: (index: number) => IdAt;

    /** @param idAt Gives the ids of the events of an entry */
    constructor(parts: RunParts, journal: Journal, cause: Cause, idAt: (index: number) => IdAt) {
        this.#parts = parts;
        this.#journal = journal;
        this.#cause = cause;
        this.#idAt = idAt;
    }

    async decide(compiled: CompiledDecision, input: unknown, context: object | undefined, place: number): Promise<RunOutcome> {
        const index = await this.#enter(compiled.decision.name, input, place);
        const done = this.#journal.isOld(index) ? await this.#done(index) : undefined;
        return {revision: -1n, ...done ?? await this.#execute(index, compiled, input, context)};
    }

    async #enter(name: string, input: unknown, place: number): Promise<number> {
        const target = await deriveUuid('', encodeJson(input ?? null));
        await this.#journal.load();
        const known = this.#journal.match({name, target});
        if (known !== undefined)
            return known;
        const head = await this.#parts.eventStore.getLatestPosition();
        return this.#journal.begin({name, target, place, at: currentClock().now(), head: head?.toString()});
    }

    /** What an earlier attempt has done, if it has. */
    async #done(index: number): Promise<DecisionOutcome | undefined> {
        const kept = this.#journal.entry(index)?.kept;
        return kept?.events === 0 ? {position: BigInt(kept.position), events: []} : this.#find(index);
    }

    async #execute(index: number, compiled: CompiledDecision, input: unknown, context: object | undefined): Promise<DecisionOutcome> {
        try {
            const {position, events} = await this.#parts.decide(compiled, input, context, this.#cause, this.#idAt(index));
            this.#journal.finish(index, toKept({revision: -1n, position, events}));
            return {position, events};
        } catch (error) {
            // A rival attempt may have been faster: this process, if it was taken for dead.
            const found = error instanceof ConflictError ? await this.#find(index) : undefined;
            if (found === undefined)
                throw error;
            return found;
        }
    }

    #find(index: number): Promise<DecisionOutcome | undefined> {
        const {eventStore, catalogue} = this.#parts;
        const head = this.#journal.entry(index)?.head;
        return findDecision(eventStore, catalogue, head === undefined ? undefined : BigInt(head), this.#idAt(index));
    }
}
