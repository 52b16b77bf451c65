export * from './errors/index.ts';
export * from './ports/index.ts';
export {
    defineEvent, Event, type CastableEvent, type DefinedEvent, type EventCastingFallback, type EventClass, type EventConstructionData, type EventData, type EventDefinition,
    personal, TombstoneEvent, type EventIdentity, type RecordedEvent, type RenamedFrom
} from './events/index.ts';
export {
    Aggregate, type AggregateOptions, type AggregateProjector, type CommandContext, type CommandHandle, type CommandHandler,
    type CommandOptions, type CommandOutcome, type CommandResult, type ForcedEvents, type Reducer, type SnapshotOptions, type TakenSnapshots, type TakeSnapshotsOptions, type UniqueKey, type UnitOptions
} from './aggregates/index.ts';
export {
    Decision, type Boundary, type BoundaryCriterion, type DecisionContext, type DecisionOptions, type DecisionOutcome, type DecisionProjector, type DecisionReducer, type DecisionResult, type EventStream
} from './decisions/index.ts';
export {
    cancelScheduled, emit, executeCommand, publish, scheduleCommand, sideEffect, type DurableSideEffectOptions, type EffectRetry, type EffectRun,
    type Emission, type FinalFailure
} from './effects/index.ts';
export {
    Action, onEvent, onHttp, onMessage, onSchedule, type ActionContext, type ActionFactory, type ActionFailure, type ActionMessage, type ActionOptions, type ActionPublication, type ActionRequest,
    type ActionRetry, type ActionTools, type EventTrigger, type FailureEvents, type FoldableAggregate, type HttpTrigger, type MessageTrigger, type OnEventOptions, type OnHttpOptions,
    type OnMessageOptions, type OnScheduleOptions, type Run, type RunLater, type RunOutcome, type RunQuery, type ScheduledRun,
    type ScheduleTrigger, type Trigger, type TriggerStart
} from './actions/index.ts';
export {ReadModel, type ReadModelClass, type StoreOwner} from './read-models/index.ts';
export {
    defineProjector, HandlerFailure, Projector, type DeadLetter, type DefinedProjector, type FaultPolicyName, type LetterOutcome, type Projection, type ProjectionProgress, type ProjectionState, type ProjectionTuning, type ProjectorClass,
    type ProjectorDefinition, type RemoveOptions, type WaitOptions, type WatchOptions
} from './projections/index.ts';
export {MemoryBroker, MemoryBrokerData, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, type MemoryBrokerOptions} from './memory/index.ts';
export {type AdapterConfig, type DeclaredProjection, type Publication, type WoltageConfig} from './runtime/config.ts';
export type {EventExample, EventProblem, EventReport, StoredType} from './runtime/event-check.ts';
export type {PublishedEvents, PublishEventsOptions} from './runtime/event-publisher.ts';
export type {CheckEventsOptions, CheckProgress} from './runtime/event-control.ts';
export type {FileSummary, FileTrailer} from './runtime/transfer/event-lines.ts';
export type {ExportOptions, ExportProgress} from './runtime/transfer/export-events.ts';
export type {ImportOptions, ImportProgress, ImportSource, ImportSummary} from './runtime/transfer/import-events.ts';
export type {EventSource} from './runtime/transfer/line-reader.ts';
export type {Harness} from './runtime/harness.ts';
export type {ActionTriggering, Insides, PlacedEvent, WorkLeft} from './runtime/insides.ts';
export type {ConnectionHealth, Health} from './runtime/health.ts';
export type {ActionCall, ActionRoute, FailedAction} from './runtime/actions/actions.ts';
export type {FailedActionsOptions} from './runtime/action-control.ts';
export type {FailedEffect} from './runtime/durable-effects.ts';
export type {FailedCommand, ScheduledCommand} from './runtime/scheduled/scheduled-command.ts';
export type {ProjectionPlan} from './runtime/declared-projections.ts';
export {createWoltage, createWoltage as default} from './runtime/create-woltage.ts';
export type {QueryHandlerName, QueryOptions} from './shared/query-types.ts';
export type {PastOptions, ScheduleOptions} from './context/index.ts';
export type {ExecuteOptions, UnitCommand} from './runtime/command-control.ts';
export type {PublicationStatus} from './runtime/messages/publications.ts';
export type {Woltage} from './runtime/woltage.ts';
export type {ActionRun, EffectCall} from './context/index.ts';
export type {Clock} from './shared/clock.ts';
export {cloneData} from './shared/data.ts';
export {delay} from './shared/delay.ts';
export {Erased, isErased} from './shared/erased.ts';
export {copyStorable, decodeJson, decodeValue, encodeJson, encodeValue, type JsonValue} from './shared/json-codec.ts';
export {partitionOf} from './shared/key-partition.ts';
export type {Logger} from './shared/logger.ts';
export type {RunnableAggregate, RunnableCommand, RunnableDecision} from './shared/runnable.ts';
export type {InferInput, InferOutput, StandardSchema} from './shared/standard-schema.ts';
export {unlessAborted} from './shared/unless-aborted.ts';
export {uuidV7} from './shared/uuid.ts';
export {within} from './shared/within.ts';
export {z} from 'zod';
