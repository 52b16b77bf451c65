import type {TestRunner} from '../runner.ts';
import {commitCases} from './commit-cases.ts';
import {modelCases} from './model-cases.ts';
import {queryCases} from './query-cases.ts';
import {rowCases} from './row-cases.ts';
import type {StoreUnderTest} from './support.ts';

/**
 * The contract of a store, as tests.
 *
 * @param runner `{describe, it}` of Vitest, Jest or node:test
 * @param factory Makes an empty store for each test
 * @example
 * storeConformance({describe, it}, 'MemoryStore', async () => ({store: new MemoryStore()}));
 */
export function storeConformance({describe, it}: TestRunner, name: string, factory: () => Promise<StoreUnderTest>): void {
    describe(`${name} keeps the contract of a store`, () => {
        for (const [title, run] of Object.entries({...rowCases, ...queryCases, ...modelCases, ...commitCases})) {
            it(title, async () => {
                const underTest = await factory();
                const {store, cleanup} = underTest;
                try {
                    await store.connect();
                    await run(store, underTest);
                } finally {
                    await store.close();
                    await cleanup?.();
                }
            });
        }
    });
}
