import {AssertionError} from 'node:assert';
import type {WorkLeft, Woltage} from 'woltage';
import {TestingError} from '../testing-error.ts';
import {breathe, realNow} from './real-time.ts';
import type {TestClock} from './test-clock.ts';

export interface SettleOptions {
    /** How long to wait at most, in real ms. @default 2000 */
    readonly timeoutMs?: number | undefined;
    /** Advances the clock to whatever is due later, such as the retry of a side effect, until there is nothing left at all. @default false */
    readonly advance?: boolean | undefined;
    /** Takes a projection that is faulted for settled. Otherwise its error is thrown. @default false */
    readonly allowFaults?: boolean | undefined;
}

const DEFAULT_TIMEOUT_MS = 2000;
/** So often the clock may be advanced however long it takes: much work on a busy machine is not work without an end. */
const LEAST_ADVANCES = 1000;
/** How often in a row nothing must be left: what has just been done may have woken something up. */
const QUIET_ROUNDS = 3;
/** The least that is waited, in turns of the event loop: on a busy machine time passes while nothing gets its turn. */
const LEAST_ROUNDS = 80;
/** How long a side effect that is running may keep the clock from moving on, in turns of the event loop (about 30 ms): it may be waiting for that very clock. */
const PATIENCE_ROUNDS = 90;

const isForNow = ({error, dueAt}: WorkLeft): boolean => error === undefined && dueAt === undefined;

async function leftOf(woltage: Woltage): Promise<readonly WorkLeft[]> {
    const {add, activate, remove, replay} = await woltage.planProjections();
    const planned = [...new Set([...add, ...activate, ...remove, ...replay])].map(id => ({what: `projection '${id}', which isn't as the config declares it`}));
    return [...await woltage.insides.workLeft(), ...planned];
}

/** Waits until there is nothing left for now. @returns What is left when it gives up */
async function untilQuiet(woltage: Woltage, timeoutMs: number, mayGiveUp: (left: readonly WorkLeft[], round: number) => boolean): Promise<readonly WorkLeft[]> {
    const began = realNow();
    for (let round = 0, quiet = 0; ; round++) {
        const left = await leftOf(woltage);
        quiet = left.some(isForNow) ? 0 : quiet + 1;
        const sinceMs = realNow() - began;
        if (quiet === QUIET_ROUNDS || sinceMs > timeoutMs && round > LEAST_ROUNDS || mayGiveUp(left, round))
            return left;
        await breathe(round);
    }
}

/**
 * @throws TestingError `NOT_SETTLED` that says what it still waits for
 * @throws AssertionError when a projection is faulted
 */
export async function settle(woltage: Woltage, clock: TestClock, options: SettleOptions = {}): Promise<void> {
    const {timeoutMs = DEFAULT_TIMEOUT_MS, advance = false, allowFaults = false} = options;
    const began = realNow();
    for (let advances = 0; ; advances++) {
        const left = await untilQuiet(woltage, timeoutMs - (realNow() - began), () => false);
        if (left.some(isForNow))
            throw notSettled(timeoutMs, left);
        if (!allowFaults)
            throwFault(left);
        const dueAt = Math.min(...left.map(({dueAt: at = Infinity}) => at));
        if (!advance || dueAt === Infinity)
            return;
        if (advances > LEAST_ADVANCES && realNow() - began > timeoutMs)
            throw notSettled(timeoutMs, left, `\nThe clock has been advanced ${advances} times, and something is due again and again.`);
        await clock.advance(Math.max(0, Math.ceil(dueAt - clock.now)));
    }
}

/** Settles as far as it can be done while the clock stands still. */
export async function settleBeforeAdvance(woltage: Woltage): Promise<void> {
    await untilQuiet(woltage, DEFAULT_TIMEOUT_MS, (left, round) => round > PATIENCE_ROUNDS && left.every(work => work.isRunning === true || !isForNow(work)));
}

function throwFault(left: readonly WorkLeft[]): void {
    const {error} = left.find(work => work.error !== undefined) ?? {};
    if (error !== undefined)
        throw Object.assign(new AssertionError({message: error.message}), {cause: error});
}

function notSettled(timeoutMs: number, left: readonly WorkLeft[], why = ''): TestingError {
    const lines = left.map(({what}) => `\n  - ${what}`);
    const hint = left.some(({isRunning}) => isRunning) ? '\nWhat runs and waits for a time to pass needs `clock.advance(ms)`.' : '';
    return new TestingError(`Not settled after ${timeoutMs} ms. Still waiting for:${lines.join('')}${hint}${why}`, 'NOT_SETTLED');
}
