import type {Interceptor} from './intercepted.ts';

/** Calls at which a life may end; `write` is a single write of a store that needs several for a commit. */
const CALLS = ['commit', 'commit', 'commit', 'append', 'getRecords', 'getRows', 'next'] as const;

/** An end somewhere among the first `within` calls of a kind: before the call has its effect, or after it, with the answer lost. */
export function randomEnd(within: number, calls: readonly string[] = CALLS): string {
    const call = calls[Math.floor(Math.random() * calls.length)] as string;
    const moment = call === 'write' || Math.random() < 0.5 ? 'before' : 'after';
    return `${call}:${moment}:${1 + Math.floor(Math.random() ** 2 * within)}`;
}

/** Ends a life at a certain call of its adapters. @param end What `randomEnd` returns; empty: never */
export function endAt(end: string, die: () => void | Promise<void>): Required<Pick<Interceptor, 'before' | 'after'>> {
    const [call, moment, times] = end.split(':');
    let left = Number(times);
    const count = (at: string) => (current: string): void | Promise<void> => {
        if (current === call && at === moment && --left === 0)
            return die();
    };
    return {before: count('before'), after: count('after')};
}
