export {defineEvent, type DefinedEvent, type EventDefinition} from './define-event.ts';
export {EventCatalogue, placeEvent, type Cause} from './event-catalogue.ts';
export {EventHandlers, handlerEntries, type HandledEvent} from './event-handlers.ts';
export {Event, isEventVersion, type EventClass, type EventConstructionData} from './event.ts';
export {eventIdentity, eventTypeOf, type EventIdentity} from './event-type.ts';
export {personal} from './personal.ts';
export {PersonalFields} from './personal-fields.ts';
export type {EventData, RecordedEvent} from './recorded-event.ts';
export {TombstoneEvent} from './tombstone-event.ts';
