import {Cron} from 'croner';
import type {ScheduleTrigger} from './trigger.ts';

/** The times at which a schedule is to run, in ms since the Unix epoch. */
export interface ScheduleTimes {
    /** The same for the same times. */
    readonly key: string;
    /** The first time after another; Infinity when there is none. @param known A time of the schedule that is known; intervals are counted from it */
    next(after: number, known: number): number;
    /** The last time until then, where there is one after `known`. */
    last(until: number, known: number): number;
}

/**
 * The times of a trigger.
 *
 * Where clocks are changed, a cron expression that names one time of the day (`30 2 * * *`) runs once on each day: right after the gap where its time is left out, and the first of two times. All others
 * go by what the clock shows: they leave out what it leaves out, and run again for what it shows again.
 */
export function timesOf({every, timeZone}: Pick<ScheduleTrigger, 'every' | 'timeZone'>): ScheduleTimes {
    return typeof every === 'number' ? intervals(every) : cronTimes(every, timeZone);
}

/** What is wrong with a cron expression and its zone; `undefined`: nothing. */
export function scheduleProblem(every: string | number, timeZone: string): string | undefined {
    try {
        new Intl.DateTimeFormat('en', {timeZone});
    } catch {
        return `there is no time zone '${timeZone}'. It takes an IANA name such as Europe/Berlin`;
    }
    if (typeof every === 'number')
        return undefined;
    // A date would be taken for a schedule that runs once.
    if (/^\s*\d{4}-\d/.test(every))
        return `'${every}' is a date, not a cron expression`;
    try {
        return cronOf(every, timeZone).nextRun() === null ? `'${every}' never comes` : undefined;
    } catch (error) {
        return `'${every}' is no cron expression of five fields (or six, with seconds): ${(error as Error).message}`;
    }
}

/** Without a function to call it has no timer. */
const cronOf = (expression: string, timezone: string): Cron => new Cron(expression, {timezone, mode: '5-or-6-parts', paused: true});

function cronTimes(expression: string, timeZone: string): ScheduleTimes {
    const cron = cronOf(expression, timeZone);
    return {
        key: JSON.stringify([expression.trim().replace(/\s+/g, ' '), timeZone]),
        next: after => cron.nextRun(new Date(after))?.getTime() ?? Infinity,
        last: (until, known) => Math.max(known, cron.previousRuns(1, new Date(until + 1))[0]?.getTime() ?? known)
    };
}

function intervals(everyMs: number): ScheduleTimes {
    return {
        key: JSON.stringify([everyMs]),
        next: (after, known) => known + (Math.floor((after - known) / everyMs) + 1) * everyMs,
        last: (until, known) => known + Math.max(0, Math.floor((until - known) / everyMs)) * everyMs
    };
}
