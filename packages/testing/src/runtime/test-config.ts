import {MemoryBroker, MemoryEventStore, MemoryStore, type AdapterConfig, type IStore, type WoltageConfig} from 'woltage';
import {TestingError} from '../testing-error.ts';
import type {TestClock} from './test-clock.ts';

/** What a test runtime takes: `createWoltage`'s config, of which anything may be left out. */
export interface TestConfig extends Partial<Omit<WoltageConfig, 'harness'>> {
    /** A clock of your own: to begin at another time, or to share one between two runtimes. */
    readonly clock?: TestClock | undefined;
}

/** The name of the store that projections use when nothing else is said. */
export const MAIN_STORE = 'main';

/** A projection that repeats a handler that throws does so at once: it is a fault after 5 attempts. */
const TUNING = {retryMs: 1};

/** Fills in what a config leaves out: adapters in memory, retries of projections without pauses. */
export function fillIn({clock: _clock, ...config}: TestConfig): WoltageConfig {
    const memory: AdapterConfig<IStore> = {adapter: MemoryStore};
    const named = Array.isArray(config.projections) ? config.projections.map(({store}) => [store, memory] as const) : [];
    return {
        eventStore: {adapter: MemoryEventStore},
        eventClasses: [],
        aggregates: [],
        projectorClasses: [],
        internalStore: memory,
        messageBroker: {adapter: MemoryBroker},
        ...config,
        stores: {...Object.fromEntries(named), [MAIN_STORE]: memory, ...config.stores},
        projectionTuning: {...TUNING, ...config.projectionTuning}
    };
}

/** @throws TestingError `TEST_INVALID` when it isn't an object */
export function checkTestConfig(config: unknown): void {
    if (typeof config !== 'object' || config === null || Array.isArray(config))
        throw new TestingError('A test takes a config object, as createWoltage does: {eventClasses, aggregates, projectorClasses, readModelClasses}.');
    if ('harness' in config)
        throw new TestingError('The `harness` of a test runtime is its own. A clock can be handed in as `clock`.');
}
