import {timesOf, type Action, type ScheduleTimes, type ScheduleTrigger} from '../../actions/index.ts';
import {StaleRecordError} from '../../errors/index.ts';
import type {IStore} from '../../ports/index.ts';
import type {Clock} from '../../shared/clock.ts';
import {backoffMs, delay} from '../../shared/delay.ts';
import {encodeValue} from '../../shared/json-codec.ts';
import type {Logger} from '../../shared/logger.ts';
import {uuidV7} from '../../shared/uuid.ts';
import type {NewTask, TaskQueue} from '../../tasks/index.ts';
import {uuidOf} from './action-ids.ts';
import {MAX_OPEN} from './room.ts';
import {RUN, type RunSource} from './run-source.ts';

export interface ScheduleTickerOptions {
    readonly action: Action;
    readonly queue: TaskQueue;
    /** The scope of the action, which is the queue's. */
    readonly store: IStore;
    readonly clock: Clock;
    readonly log: Logger;
}

/** A schedule, as far as this process knows. */
interface Schedule {
    readonly times: ScheduleTimes;
    readonly missed: ScheduleTrigger['missed'];
    readonly key: string;
    /** Its next time, in ms since the Unix epoch; Infinity: none. */
    readonly next: number;
    /** The record's; null: there is none. */
    readonly token: string | null;
}

const PREFIX = 'schedule/';
/** Whoever has not looked for longer than this, in ms, was not there; a single run may be so late where others were missed. */
const LATE_MS = 60_000;
/** The most runs that are queued at once, and made up for. */
const MOST = 1000;
/** How long runs wait before they look for room again, in ms. */
const FULL_PAUSE_MS = 1000;
/** How often a clock that may be set is looked at, in ms. */
const LOOK_MS = 1000;
const MAX_OUTAGE_PAUSE_MS = 5000;

/**
 * Queues the runs of an action's schedules when their times come: each in the commit that moves the schedule's record on to the next time, so that each time becomes one task, however many processes
 * are at it and whatever crashes.
 */
export class ScheduleTicker {
    readonly #options: ScheduleTickerOptions;
    readonly #triggers: ReadonlyMap<string, {readonly times: ScheduleTimes; readonly missed: ScheduleTrigger['missed']}>;
    #schedules: readonly Schedule[] = [];
    #isFiring = false;
    /** Up to then everything was fired by this process. */
    #lookedAt = -Infinity;
    /** Since then this process has been there, if only to take over. */
    #thereSince = Infinity;

    /** @param options What it works with: the action must have schedules, see {@link isNeeded} */
    constructor(options: ScheduleTickerOptions) {
        this.#options = options;
        this.#triggers = new Map(schedulesOf(options.action).map(trigger => {
            const times = timesOf(trigger);
            return [PREFIX + times.key, {times, missed: trigger.missed}];
        }));
    }

    static isNeeded(action: Action): boolean {
        return schedulesOf(action).length > 0;
    }

    /** Whether it is about to queue something: time shouldn't go on in tests then. */
    get isFiring(): boolean {
        return this.#isFiring;
    }

    /**
     * Works until the signal aborts. A store that is away is waited for. Never rejects.
     *
     * @param thereSince Since when this process has been standing by, in ms since the Unix epoch: no time from then on was missed by absence, if it is less than a minute late. @default now
     */
    async run(signal: AbortSignal, thereSince = this.#options.clock.now()): Promise<void> {
        const {clock, log} = this.#options;
        let isLoaded = false;
        this.#thereSince = thereSince;
        this.#lookedAt = -Infinity;
        for (let outages = 0; !signal.aborted;) {
            try {
                this.#isFiring = true;
                if (!isLoaded)
                    await this.#load();
                isLoaded = true;
                const pauseMs = await this.#tick();
                outages = 0;
                this.#isFiring = false;
                await clock.delay(clock.isSteady === true ? pauseMs : Math.min(pauseMs, LOOK_MS), signal);
            } catch (err) {
                this.#isFiring = false;
                isLoaded = false;
                if (err instanceof StaleRecordError)
                    continue;
                if (outages === 0)
                    log.warn({err, action: this.#options.action.name}, 'The schedules of an action wait for their store');
                await delay(backoffMs(outages++, 100, MAX_OUTAGE_PAUSE_MS), signal);
            }
        }
    }

    /** Reads what is next. A schedule that is new begins now; one that the action has no more is forgotten, so that it begins anew should it come back. */
    async #load(): Promise<void> {
        const {clock, store} = this.#options;
        const now = clock.now();
        const records = await store.listRecords(PREFIX);
        const gone = records.filter(({key}) => !this.#triggers.has(key));
        const known = new Map(records.map(record => [record.key, record]));
        this.#schedules = Array.from(this.#triggers, ([key, {times, missed}]) => {
            const record = known.get(key);
            return {key, times, missed, next: record === undefined ? times.next(now, now) : nextOf(record.value), token: record?.token ?? null};
        });
        const begun = this.#schedules.filter(({token}) => token === null).map(schedule => ({...schedule, token: uuidV7()}));
        this.#schedules = [...this.#schedules.filter(({token}) => token !== null), ...begun];
        if (gone.length + begun.length > 0)
            await store.commit({records: [
                ...gone.map(({key, token}) => ({key, value: null, token: uuidV7(), expected: token})),
                ...begun.map(({key, next, token}) => ({key, value: valueOf(next), token, expected: null}))
            ]});
    }

    /** Fires what is due. @returns How long to wait, in ms */
    async #tick(): Promise<number> {
        const {clock, queue} = this.#options;
        const now = clock.now();
        if (this.#schedules.some(({next}) => next <= now)) {
            if (await queue.isFull(MAX_OPEN))
                return FULL_PAUSE_MS;
            const schedules: Schedule[] = [];
            for (const schedule of this.#schedules)
                schedules.push(schedule.next <= now ? await this.#fire(schedule, now) : schedule);
            this.#schedules = schedules;
        }
        this.#lookedAt = now;
        return Math.max(0, Math.min(...this.#schedules.map(({next}) => next)) - clock.now());
    }

    /** @throws StaleRecordError when another process has fired it */
    async #fire(schedule: Schedule, now: number): Promise<Schedule> {
        const {action: {name}, log, queue} = this.#options;
        const due = this.#wasThere(schedule, now) ? timesUntil(schedule, now) : timesAfterAbsence(schedule, now);
        const next = schedule.times.next(now, schedule.next);
        const token = uuidV7();
        await queue.enqueue(due.map(time => this.#taskOf(schedule, time)), [{key: schedule.key, value: valueOf(next), token, expected: schedule.token}]);
        if (due.length === MOST || (due[0] ?? now) - schedule.next > LATE_MS)
            log.warn({action: name, schedule: schedule.key.slice(PREFIX.length), since: new Date(schedule.next), missed: schedule.missed}, 'Runs of a schedule were missed, and not all of them are made up for');
        return {...schedule, next, token};
    }

    /** Whether what is due is merely late: this process has looked, or was standing by while the one before it was dying. */
    #wasThere({next}: Schedule, now: number): boolean {
        return now - this.#lookedAt <= LATE_MS || next >= this.#thereSince && now - next < LATE_MS;
    }

    #taskOf({key}: Schedule, time: number): NewTask {
        const source: RunSource = {by: 'schedule', scheduledFor: time};
        return {id: uuidOf(this.#options.action.name, `${key}/${time}`), kind: RUN, payload: encodeValue(source), dueAt: time};
    }
}

const schedulesOf = ({triggers}: Action): readonly ScheduleTrigger[] => triggers.filter(trigger => trigger.kind === 'schedule');

const valueOf = (next: number): string => JSON.stringify({next: Number.isFinite(next) ? next : null});
const nextOf = (value: string): number => (JSON.parse(value) as {readonly next: number | null}).next ?? Infinity;

function timesUntil({times, next}: Schedule, now: number): readonly number[] {
    const all: number[] = [];
    for (let time = next; time <= now && all.length < MOST; time = times.next(time, next))
        all.push(time);
    return all;
}

/** What is made up for, the oldest first. */
function timesAfterAbsence(schedule: Schedule, now: number): readonly number[] {
    const {times, missed, next} = schedule;
    if (missed === 'all')
        return timesUntil(schedule, now);
    const last = times.last(now, next);
    return missed === 'once' || now - last <= LATE_MS ? [last] : [];
}
