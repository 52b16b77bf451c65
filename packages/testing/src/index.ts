export {eventStoreConformance} from './event-store/conformance.ts';
export type {EventStoreUnderTest} from './event-store/support.ts';
export type {TestRunner} from './runner.ts';
