import type {IStore} from '../ports/index.ts';
import type {Clock} from '../shared/clock.ts';
import {backoffMs, delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import {uuidV7} from '../shared/uuid.ts';
import {putBackAbandoned} from './abandoned.ts';
import {Attempt, type Successor} from './attempt.ts';
import {Claim, claimAll, type ClaimScope} from './claim.ts';
import {DuePicker} from './due-picker.ts';
import {forgetDone} from './forget-done.ts';
import {GroupCommit} from './group-commit.ts';
import {Lane} from './lane.ts';
import type {Picker} from './picker.ts';
import {Sightings} from './sightings.ts';
import type {TaskWork} from './task-work.ts';

export interface TaskWorkerOptions {
    readonly store: IStore;
    readonly log: Logger;
    readonly self: Self;
    readonly clock: Clock;
    readonly isOrdered: boolean;
    readonly concurrency: number;
    readonly leaseMs: number;
    readonly pollMs: number;
    readonly rememberMs: number;
}

const MAX_OUTAGE_PAUSE_MS = 5000;
const FORGET_EVERY_MS = 60_000;
const MAX_LOOK_EVERY_MS = 2000;
/** Where the store tells of changes, it is looked for them no more often than that, in ms. */
const PUSHED_POLL_MS = 1000;

/** Runs the tasks of a queue, from its start to its stop. */
export class TaskWorker {
    readonly #options: TaskWorkerOptions;
    readonly #work: TaskWork;
    readonly #scope: ClaimScope;
    readonly #sightings: Sightings;
    readonly #picker: Picker;
    readonly #running = new Map<string, {readonly attempt: Attempt; readonly ended: Promise<void>}>();
    readonly #abort = new AbortController();
    /** How often it is looked for what others have left, in ms. */
    readonly #lookMs: number;
    #pollMs: number;
    #wake = new AbortController();
    #loop: Promise<void> = Promise.resolve();
    #unwatch: (() => void) | undefined;
    #forgotAt = -Infinity;
    #lookedAt = -Infinity;
    #othersWork = false;

    constructor(options: TaskWorkerOptions, work: TaskWork) {
        const {store, self, clock, leaseMs, isOrdered, pollMs} = options;
        this.#options = options;
        this.#pollMs = pollMs;
        this.#work = work;
        const claimant = {...self.owner, queue: uuidV7()};
        this.#scope = {store, group: new GroupCommit(store), isOrdered, claimant};
        this.#sightings = new Sightings(claimant, self.isGone, leaseMs, id => this.#running.has(id));
        const knows = (kind: string): boolean => work.policyOf(kind) !== undefined;
        this.#picker = isOrdered
            ? new Lane({store, clock, sightings: this.#sightings, leaseMs, knows})
            : new DuePicker(store, clock, found => knows(found.task.kind) && !this.#sightings.isHeld(found));
        this.#lookMs = Math.min(MAX_LOOK_EVERY_MS, leaseMs / 4);
    }

    async start(): Promise<void> {
        this.#unwatch = await this.#options.store.watchRecords?.(() => this.wake());
        if (this.#unwatch !== undefined)
            this.#pollMs = Math.max(this.#pollMs, PUSHED_POLL_MS);
        this.#loop = this.#run(this.#abort.signal);
    }

    async stop(graceMs: number): Promise<void> {
        this.#abort.abort();
        this.wake();
        this.#unwatch?.();
        this.#unwatch = undefined;
        await this.#loop;
        const done = new AbortController();
        const finished = Promise.all([...this.#running.values()].map(({ended}) => ended)).then(() => done.abort());
        await delay(graceMs, done.signal);
        for (const {attempt} of this.#running.values())
            attempt.interrupt();
        await finished;
    }

    /** Looks at once. */
    wake(): void {
        this.#wake.abort();
    }

    async #run(signal: AbortSignal): Promise<void> {
        for (let outages = 0; !signal.aborted;) {
            const wake = this.#wake = new AbortController();
            try {
                const pauseMs = await this.#turn();
                outages = 0;
                if (pauseMs > 0 && !signal.aborted)
                    await this.#pause(pauseMs, wake);
            } catch (error) {
                if (outages === 0)
                    this.#options.log.warn({err: error}, 'The task queue waits for its store');
                await delay(backoffMs(outages++, 100, MAX_OUTAGE_PAUSE_MS), signal);
            }
        }
    }

    /** @returns How long to wait before the next, in ms */
    async #turn(): Promise<number> {
        const {store, clock, isOrdered} = this.#options;
        if (performance.now() - this.#lookedAt >= this.#lookMs) {
            this.#lookedAt = performance.now();
            this.#othersWork = await putBackAbandoned(store, this.#scope.group, this.#sightings, isOrdered);
        }
        const pauseMs = await this.#startDue();
        if (performance.now() - this.#forgotAt >= FORGET_EVERY_MS && !await forgetDone(store, clock.now()))
            this.#forgotAt = performance.now();
        return pauseMs;
    }

    async #pause(ms: number, wake: AbortController): Promise<void> {
        const pauses = [this.#options.clock.delay(ms, wake.signal)];
        // Who has others to look after does so in real time.
        if (this.#othersWork)
            pauses.push(delay(this.#lookMs, wake.signal));
        await Promise.race(pauses);
        wake.abort();
    }

    /** Starts what is due, as far as there is room. @returns How long to wait before looking again, in ms */
    async #startDue(): Promise<number> {
        const free = this.#options.concurrency - this.#running.size;
        if (free <= 0)
            return this.#pollMs;
        const {due, nextMs} = await this.#picker.pick(free);
        if (due.length === 0)
            return Math.min(this.#pollMs, Math.max(0, nextMs));
        const claims = await claimAll(this.#scope, due);
        this.#picker.onClaim(claims !== undefined);
        for (const claim of claims ?? [])
            this.#begin(claim);
        return 0;
    }

    #begin(claim: Claim): void {
        const {log, clock, leaseMs, rememberMs} = this.#options;
        const attempt = new Attempt(claim, this.#work, {log, clock, leaseMs, rememberMs, successor: () => this.#successor()});
        const {id} = claim.task;
        const ended = this.#end(attempt).catch((error: unknown) => log.error({err: error, task: id}, 'A task could not be brought to an end'));
        this.#running.set(id, {attempt, ended});
    }

    /** Waits for the end of an attempt, and goes on with what was claimed with it. */
    async #end(attempt: Attempt): Promise<void> {
        try {
            this.#picker.onEnd(await attempt.finished);
        } finally {
            this.#running.delete(attempt.task.id);
            this.wake();
        }
        if (attempt.successor === undefined)
            return;
        this.#picker.onClaim(true);
        if (this.#abort.signal.aborted)
            await attempt.successor.giveBack();
        else
            this.#begin(attempt.successor);
    }

    #successor(): Successor | undefined {
        const next = this.#abort.signal.aborted ? undefined : this.#picker.next();
        if (next === undefined)
            return undefined;
        const claim = new Claim(this.#scope, next);
        return {claim, records: claim.recordsFor(next)};
    }
}
