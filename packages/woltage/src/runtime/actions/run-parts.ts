import type {CommandHandle, CommandOutcome, CommandRequest} from '../../aggregates/index.ts';
import type {CompiledDecision, DecisionOutcome} from '../../decisions/index.ts';
import type {Cause, EventCatalogue} from '../../events/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import type {CommandTraces, IdAt} from '../command-traces.ts';
import type {Reveal} from '../personal/personal-data.ts';

/** How a runtime executes what actions run. */
export interface RunParts {
    readonly eventStore: IEventStore;
    readonly reveal: Reveal;
    readonly catalogue: EventCatalogue;
    readonly traces: CommandTraces;
    /** @throws NotFoundError */
    readonly findCommand: (target: unknown, name: unknown) => CommandHandle;
    /** @throws NotFoundError */
    readonly findDecision: (target: unknown) => CompiledDecision;
    readonly execute: (request: CommandRequest, cause: Cause, idAt: IdAt) => Promise<CommandOutcome>;
    readonly decide: (compiled: CompiledDecision, input: unknown, context: object | undefined, cause: Cause, idAt: IdAt) => Promise<DecisionOutcome>;
}
