export * from './errors/index.ts';
export * from './ports/index.ts';
export {
    defineEvent, Event, type DefinedEvent, type EventClass, type EventConstructionData, type EventData, type EventDefinition,
    personal, TombstoneEvent, type EventIdentity, type RecordedEvent
} from './events/index.ts';
export {
    Aggregate, type AggregateOptions, type AggregateProjector, type CommandContext, type CommandHandle, type CommandHandler,
    type CommandOptions, type CommandOutcome, type CommandResult, type Reducer
} from './aggregates/index.ts';
export {
    emit, sideEffect, type DurableSideEffectOptions, type EffectRetry, type EffectRun, type Emission, type FinalFailure
} from './effects/index.ts';
export {ReadModel, type ReadModelClass, type StoreOwner} from './read-models/index.ts';
export {
    HandlerFailure, Projector, type DeadLetter, type FaultPolicyName, type LetterOutcome, type Projection, type ProjectionProgress, type ProjectionState, type ProjectionTuning, type ProjectorClass,
    type RemoveOptions, type WaitOptions, type WatchOptions
} from './projections/index.ts';
export {MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData} from './memory/index.ts';
export {type AdapterConfig, type DeclaredProjection, type WoltageConfig} from './runtime/config.ts';
export type {ConnectionHealth, Health} from './runtime/health.ts';
export type {FailedEffect} from './runtime/durable-effects.ts';
export type {ProjectionPlan} from './runtime/declared-projections.ts';
export {createWoltage, createWoltage as default} from './runtime/create-woltage.ts';
export type {QueryHandlerName, QueryOptions} from './runtime/query-types.ts';
export type {Woltage} from './runtime/woltage.ts';
export {cloneData} from './shared/data.ts';
export {delay} from './shared/delay.ts';
export {Erased, isErased} from './shared/erased.ts';
export {copyStorable, decodeJson, decodeValue, encodeJson, encodeValue, type JsonValue} from './shared/json-codec.ts';
export type {Logger} from './shared/logger.ts';
export type {InferInput, InferOutput, StandardSchema} from './shared/standard-schema.ts';
export {uuidV7} from './shared/uuid.ts';
export {within} from './shared/within.ts';
export {z} from 'zod';
