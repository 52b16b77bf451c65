import {getEventListeners} from 'node:events';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {describe, expect, it} from 'vitest';
import {systemClock} from './clock.ts';
import {delay} from './delay.ts';
import {withinTime} from './within-time.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

const limit = (ending: AbortSignal, ms = 60_000) => ({clock: systemClock, ms, late: () => new Error('late'), ending});
const hang = () => new Promise<never>(() => undefined);

describe('work within a time', () => {
    it('gives what the work gives, and throws what it throws', async () => {
        const {signal} = new AbortController();
        expect(await withinTime(limit(signal), async () => 1)).toBe(1);
        await expect(withinTime(limit(signal), () => Promise.reject(new Error('No.')))).rejects.toThrow('No.');
        await expect(withinTime(limit(signal), () => {
            throw new Error('At once.');
        })).rejects.toThrow('At once.');
        expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    it('aborts when the time is over or when it is ended, and nobody waits for the work then', async () => {
        const ending = new AbortController();
        const signals: AbortSignal[] = [];
        const work = (signal: AbortSignal) => {
            signals.push(signal);
            return hang();
        };
        await expect(withinTime(limit(ending.signal, 5), work)).rejects.toThrow('late');
        const ended = expect(withinTime(limit(ending.signal), work)).rejects.toThrow('ended');
        ending.abort(new Error('ended'));
        await ended;
        expect(signals.map(({aborted, reason}) => [aborted, (reason as Error).message])).toEqual([[true, 'late'], [true, 'ended']]);
        await expect(withinTime(limit(ending.signal), work)).rejects.toThrow('ended');
        expect(signals).toHaveLength(2);
    });

    it('leaves nothing behind: neither at the signal that ends it, nor in memory', async () => {
        const {signal: ending} = new AbortController();
        const made: WeakRef<AbortSignal>[] = [];
        for (let i = 0; i < 500; i++) {
            await withinTime(limit(ending), async signal => {
                made.push(new WeakRef(signal));
                signal.addEventListener('abort', () => undefined);
            });
        }
        expect(getEventListeners(ending, 'abort')).toEqual([]);
        await delay(10);
        collectGarbage();
        await delay(10);
        collectGarbage();
        expect(made.filter(ref => ref.deref() !== undefined).length).toBeLessThan(10);
    });
});
