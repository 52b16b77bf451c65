import type {IEventStore} from 'woltage';
import type {TestRunner} from '../runner.ts';
import {appendCases} from './append-cases.ts';
import {readCases} from './read-cases.ts';
import {subscribeCases} from './subscribe-cases.ts';
import type {EventStoreUnderTest} from './support.ts';

/** One case of a suite: gets a connected, empty event store. */
export type EventStoreCase = (eventStore: IEventStore, underTest: EventStoreUnderTest) => Promise<void>;
export type EventStoreCases = Readonly<Record<string, EventStoreCase>>;

/**
 * The contract of an event store, as tests. Everything that the adapter says it supports is tested; what it doesn't support
 * is named as such, never left out in silence.
 *
 * @param runner `{describe, it}` of Vitest, Jest or node:test
 * @param factory Makes an empty event store for each test
 * @example
 * eventStoreConformance({describe, it}, 'MemoryEventStore', async () => ({eventStore: new MemoryEventStore()}));
 */
export function eventStoreConformance({describe, it}: TestRunner, name: string, factory: () => Promise<EventStoreUnderTest>): void {
    describe(`${name} keeps the contract of an event store`, () => {
        for (const [title, run] of Object.entries({...appendCases, ...readCases, ...subscribeCases})) {
            it(title, async () => {
                const underTest = await factory();
                const {eventStore, cleanup} = underTest;
                try {
                    await eventStore.connect();
                    await run(eventStore, underTest);
                } finally {
                    await eventStore.close();
                    await cleanup?.();
                }
            });
        }
    });
}
