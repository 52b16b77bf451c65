import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {Sightings, type Claimant} from './sightings.ts';

const claimant = (queue: string, host = 'h'): Claimant => ({id: queue, host, pid: 1, startedAt: 1, queue});
const claimed = (token: string, by: Claimant | undefined) => ({key: 'open/claimed/t', token, task: {id: 't', kind: 'k', dueAt: 0, attempts: 1, sequence: 1, claimedBy: by}});

describe('sightings of claims', () => {
    beforeEach(() => void vi.useFakeTimers({toFake: ['performance']}));
    afterEach(() => void vi.useRealTimers());

    const watch = (isRunning = false): Sightings => new Sightings(claimant('me'), ({host}) => host === 'gone', 1000, () => isRunning);

    it('are of nobody, of who is gone, and of this queue, where it knows nothing of them', () => {
        expect(watch().isHeld(claimed('1', undefined))).toBe(false);
        expect(watch().isHeld(claimed('1', claimant('other', 'gone')))).toBe(false);
        expect(watch(false).isHeld(claimed('1', claimant('me')))).toBe(false);
        expect(watch(true).isHeld(claimed('1', claimant('me')))).toBe(true);
    });

    it('hold until they have been silent for the lease, from the first look on', () => {
        const sightings = watch();
        const look = (token: string, after: number): boolean => {
            vi.advanceTimersByTime(after);
            sightings.sweep();
            return sightings.isHeld(claimed(token, claimant('other')));
        };
        expect([look('1', 5000), look('1', 400), look('1', 400), look('2', 400), look('2', 400), look('2', 400), look('2', 200)]).toEqual([true, true, true, true, true, true, false]);
    });

    it('don\'t count the time in which this process was asleep itself', () => {
        const sightings = watch();
        const isHeld = (): boolean => sightings.isHeld(claimed('1', claimant('other')));
        expect(isHeld()).toBe(true);
        vi.advanceTimersByTime(60_000);
        expect(isHeld()).toBe(true);
        vi.advanceTimersByTime(500);
        expect(isHeld()).toBe(false);
    });
});
