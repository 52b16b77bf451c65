export type {Owner, Self} from './checkpoint.ts';
export {compileHandlers} from './projection-entry.ts';
export {Projection, type ProjectionProgress} from './projection.ts';
export type {ProjectionDefinition} from './projection-records.ts';
export {ProjectionService, type RemoveOptions} from './projection-service.ts';
export type {ProjectionState} from './worker-status.ts';
export {Projector, projectorId, type ProjectorClass} from './projector.ts';
export {defaultTuning, type ProjectionTuning} from './tuning.ts';
