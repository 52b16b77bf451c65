export {CompiledDecision} from './compiled-decision.ts';
export {
    Decision, type Boundary, type BoundaryCriterion, type DecisionContext, type DecisionOptions, type DecisionProjector, type DecisionReducer, type DecisionResult, type EventStream
} from './decision.ts';
export {DecisionExecutor, type ConditionalEventStore, type DecisionCall, type DecisionOutcome} from './decision-executor.ts';
