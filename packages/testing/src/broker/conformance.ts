import type {TestRunner} from '../runner.ts';
import type {BrokerCases} from './cases.ts';
import {consumeCases} from './consume-cases.ts';
import {groupCases} from './group-cases.ts';
import {lifecycleCases} from './lifecycle-cases.ts';
import {outageCases} from './outage-cases.ts';
import {publishCases} from './publish-cases.ts';
import type {BrokerUnderTest} from './support.ts';

export interface BrokerConformanceOptions {
    /** Also tests what happens while the broker is away: the factory gives `setAway` then. @default false */
    readonly outages?: boolean | undefined;
}

const cases: BrokerCases = {...publishCases, ...consumeCases, ...groupCases, ...lifecycleCases};

/**
 * The contract of a message broker, as tests. They wait for what must happen, up to `timeoutMs` of the factory's result: give slow brokers that, and tests of your runner the time.
 *
 * @param runner `{describe, it}` of Vitest, Jest or node:test
 * @param factory Makes a broker for each test. Topics and groups may be there already: the tests use new ones
 * @example
 * brokerConformance({describe, it}, 'MemoryBroker', async () => {
 *     const data = new MemoryBrokerData();
 *     return {broker: new MemoryBroker(data), second: () => new MemoryBroker(data), ...};
 * });
 */
export function brokerConformance({describe, it}: TestRunner, name: string, factory: () => Promise<BrokerUnderTest>, {outages = false}: BrokerConformanceOptions = {}): void {
    describe(`${name} keeps the contract of a message broker`, () => {
        for (const [title, run] of Object.entries(outages ? {...cases, ...outageCases} : cases)) {
            it(title, async () => {
                const underTest = await factory();
                const {broker, cleanup} = underTest;
                try {
                    await broker.connect();
                    await run(broker, underTest);
                } finally {
                    await broker.close();
                    await cleanup?.();
                }
            });
        }
    });
}
