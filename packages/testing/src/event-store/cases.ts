import type {IEventStore} from 'woltage';
import type {EventStoreUnderTest} from './support.ts';

/** One case of the suite: gets a connected, empty event store. */
export type EventStoreCase = (eventStore: IEventStore, underTest: EventStoreUnderTest) => Promise<void>;
export type EventStoreCases = Readonly<Record<string, EventStoreCase>>;
