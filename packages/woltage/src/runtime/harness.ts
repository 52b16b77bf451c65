import type {ActionRun, EffectCall} from '../context/index.ts';
import type {Clock} from '../shared/clock.ts';

/** What a test puts in the place of the world around a runtime. `createTestWoltage` of `@woltage/testing` fills it in. */
export interface Harness {
    /** Time and ids. @default the system's */
    readonly clock?: Clock | undefined;
    /** Is told of every side effect that runs, before it does. */
    readonly onEffect?: ((call: EffectCall) => void) | undefined;
    /** Is told of every attempt at a run of an action, when it is over. */
    readonly onAttempt?: ((attempt: ActionRun) => void) | undefined;
    /** Takes event classes up with the first event of theirs that is appended, where `eventClasses` doesn't list them. @default false */
    readonly learnsEventClasses?: boolean | undefined;
}

const KEYS: Readonly<Record<keyof Harness, string>> = {clock: 'object', onEffect: 'function', onAttempt: 'function', learnsEventClasses: 'boolean'};

/** Whether a config's `harness` is one. */
export const isHarness = (value: unknown): boolean => typeof value === 'object' && value !== null
    && Object.entries(value).every(([key, part]) => Object.hasOwn(KEYS, key) && (part === undefined || typeof part === KEYS[key as keyof Harness]));
