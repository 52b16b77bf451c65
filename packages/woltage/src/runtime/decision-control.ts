import type {Aggregate} from '../aggregates/index.ts';
import {currentContext, heldMailboxes, isDeciding, runDeciding, runInContext, type PastOptions} from '../context/index.ts';
import {Decision, DecisionExecutor, type CompiledDecision, type ConditionalEventStore, type DecisionCall, type DecisionOutcome} from '../decisions/index.ts';
import {BadRequestError, ConfigError, NotFoundError} from '../errors/index.ts';
import type {IEventStore} from '../ports/index.ts';
import {CommandControl, limitOf} from './command-control.ts';
import type {Definitions} from './definitions.ts';
import {observeDecision} from './observe.ts';

/** What {@link DecisionControl} works with. */
export interface DecisionParts {
    /** By decision, and by name. */
    readonly decisions: ReadonlyMap<unknown, CompiledDecision>;
    readonly executor: DecisionExecutor;
}

/** @throws ConfigError `DECISIONS_UNSUPPORTED` when there are decisions and the event store can't append with conditions */
export function decisionParts(eventStore: IEventStore, {decisions, catalogue}: Pick<Definitions, 'decisions' | 'catalogue'>): DecisionParts {
    const [first] = decisions.values();
    if (first !== undefined && eventStore.supports.conditionalAppend !== true)
        throw new ConfigError(`The config has decisions ('${first.decision.name}'), but its event store (${eventStore.constructor.name}) can't append on condition that nothing new matches a query. `
            + 'Use one that can (SQLite, PostgreSQL, memory), or make them commands of an aggregate.', {code: 'DECISIONS_UNSUPPORTED'});
    return {decisions, executor: new DecisionExecutor(eventStore as ConditionalEventStore, catalogue)};
}

/** The part of {@link Woltage} that decides across streams. */
export abstract class DecisionControl extends CommandControl {
    /** @internal */
    protected abstract readonly decisionParts: DecisionParts;

    /**
     * Decides: validates the input, reads what the decision's query finds, calls `decide`, and appends its events, all or none, on condition that nobody has
     * added anything that the query finds. Where somebody has, it is decided anew.
     *
     * @param context Handed to `decide`
     * @throws NotFoundError `UNKNOWN_DECISION`
     * @throws ValidationError `VALIDATION_FAILED` when the input doesn't match the schema; nothing was read then
     * @throws ConflictError `CONDITION_FAILED` when others were faster, more often than it is tried again (`retryOnConflict`)
     * @throws UnavailableError `STOPPED`
     * @throws whatever `decide` throws; nothing is appended then
     */
    decide(name: string, input?: unknown, context?: object): Promise<DecisionOutcome>;
    // The last one: of a call that fits none, compilers tell what is wrong with it here.
    decide<Input>(decision: Decision<unknown, Input>, input: Input, context?: object): Promise<DecisionOutcome>;
    decide(target: string | Decision, input?: unknown, context?: object): Promise<DecisionOutcome> {
        return this.run(async () => {
            const compiled = this.findDecision(target);
            const current = currentContext();
            return this.execute(compiled, {input, context, cause: current?.runtime === this.commandParts.runtime ? current.effects?.cause : undefined});
        });
    }

    /** The current state of an aggregate, or the one that a decision would decide upon now; the initial state where there are no events. */
    override stateOf<State>(aggregate: Aggregate<State>, aggregateId: string): Promise<State>;
    override stateOf<State, Input>(decision: Decision<State, Input>, input: Input): Promise<State>;
    override stateOf(target: Aggregate | Decision, idOrInput: unknown): Promise<unknown> {
        if (!(target instanceof Decision))
            return super.stateOf(target, idOrInput as string);
        return this.run(async () => this.decisionParts.executor.stateOf(this.findDecision(target), idOrInput));
    }

    /**
     * The state that an aggregate had, or that a decision would have decided upon.
     *
     * @throws BadRequestError `INVALID_LIMIT`; also for the revision of a decision, which has none
     */
    override stateAt<State>(aggregate: Aggregate<State>, aggregateId: string, at: PastOptions): Promise<State>;
    override stateAt<State, Input>(decision: Decision<State, Input>, input: Input, at: PastOptions): Promise<State>;
    override stateAt(target: Aggregate | Decision, idOrInput: unknown, at: PastOptions): Promise<unknown> {
        if (!(target instanceof Decision))
            return super.stateAt(target, idOrInput as string, at);
        return this.run(async () => {
            const {revision, ...limit} = limitOf(at);
            if (revision !== undefined)
                throw new BadRequestError('A decision has no revisions: ask for its state at a {position} or a {time}.', {code: 'INVALID_LIMIT'});
            return this.decisionParts.executor.stateAt(this.findDecision(target), idOrInput, limit);
        });
    }

    /** @internal */
    protected execute(compiled: CompiledDecision, call: Omit<DecisionCall, 'inTurn' | 'run' | 'defer'>): Promise<DecisionOutcome> {
        const {runtime} = this.commandParts;
        return observeDecision(compiled.decision.name, () => this.decisionParts.executor.execute(compiled, {
            ...call, inTurn: !isDeciding(), defer: seed => runtime.defer(seed),
            run: (decide, deferred) => runDeciding(() => runInContext({runtime, deferred, mailboxes: heldMailboxes(runtime)}, decide))
        }));
    }

    /** @internal Looked up in a map of what is registered, so that nothing inherited is ever found. @throws NotFoundError */
    protected findDecision(target: unknown): CompiledDecision {
        const compiled = this.decisionParts.decisions.get(target);
        if (compiled === undefined)
            throw new NotFoundError(`There is no decision '${target instanceof Decision ? target.name : typeof target === 'string' ? target : 'of that kind'}'.`, {code: 'UNKNOWN_DECISION'});
        return compiled;
    }
}
