export * from './errors/index.ts';
export * from './ports/index.ts';
export type {EventData, RecordedEvent} from './events/recorded-event.ts';
export {cloneData} from './shared/data.ts';
export {decodeJson, decodeValue, encodeJson, encodeValue, type JsonValue} from './shared/json-codec.ts';
export type {InferInput, InferOutput, StandardSchema} from './shared/standard-schema.ts';
export {uuidV7} from './shared/uuid.ts';
export {z} from 'zod';
