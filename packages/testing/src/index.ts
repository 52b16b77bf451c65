export {eventStoreConformance} from './event-store/conformance.ts';
export type {EventStoreUnderTest} from './event-store/support.ts';
export type {TestRunner} from './runner.ts';
export {storeConformance} from './store/conformance.ts';
export type {StoreUnderTest} from './store/support.ts';
