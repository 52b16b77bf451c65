import type {TestRunner} from '../runner.ts';
import {appendCases} from './append-cases.ts';
import {appendAllCases, repetitionCases} from './append-more-cases.ts';
import {batchCases} from './batch-cases.ts';
import {concurrencyCases} from './concurrency-cases.ts';
import {conditionCases} from './condition-cases.ts';
import {erasureCases} from './erasure-cases.ts';
import {lifecycleCases} from './lifecycle-cases.ts';
import {queryCases} from './query-cases.ts';
import {readCases} from './read-cases.ts';
import {subscribeCases} from './subscribe-cases.ts';
import type {EventStoreCases} from './cases.ts';
import type {EventStoreUnderTest} from './support.ts';

const cases: EventStoreCases = {
    ...appendCases, ...repetitionCases, ...appendAllCases, ...readCases, ...subscribeCases, ...batchCases, ...concurrencyCases, ...lifecycleCases,
    ...queryCases, ...conditionCases, ...erasureCases
};

/**
 * The contract of an event store, as tests. Everything that the adapter says it supports is tested; what it doesn't support
 * is named as such, never left out in silence.
 *
 * @param runner `{describe, it}` of Vitest, Jest or node:test
 * @param factory Makes an empty event store for each test
 * @example
 * eventStoreConformance({describe, it}, 'MemoryEventStore', async () => {
 *     const data = new MemoryEventStoreData();
 *     return {eventStore: new MemoryEventStore(data), second: () => new MemoryEventStore(data)};
 * });
 */
export function eventStoreConformance({describe, it}: TestRunner, name: string, factory: () => Promise<EventStoreUnderTest>): void {
    describe(`${name} keeps the contract of an event store`, () => {
        for (const [title, run] of Object.entries(cases)) {
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
