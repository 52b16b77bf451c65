import {defaultTuning} from '../projections/index.ts';

const AT_LEAST: Readonly<Record<string, number>> = {
    batchSize: 1, commitEvents: 1, commitEveryMs: 1, commitBytes: 1, cacheBytes: 0, maxAttempts: 1, retryMs: 0, leaseMs: 20
};

/** What is wrong with `projectionTuning`. */
export function* tuningProblems(tuning: object): Generator<string> {
    for (const [key, value] of Object.entries(tuning) as [string, unknown][]) {
        const min = AT_LEAST[key];
        if (!Object.hasOwn(defaultTuning, key))
            yield `'projectionTuning.${key}' is not a setting (${Object.keys(defaultTuning).join(', ')}).`;
        else if (min === undefined ? value !== 'stop' && value !== 'dead-letter' : !(Number.isFinite(value) && (value as number) >= min))
            yield `'projectionTuning.${key}' must be ${min === undefined ? '\'stop\' or \'dead-letter\'' : `a number of at least ${min}`}.`;
    }
}
