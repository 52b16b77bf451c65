import type {ActionContext, ActionPublication, ActionTools, Trigger} from '../../actions/index.ts';
import {runInContext, type ContextRuntime} from '../../context/index.ts';
import {ContextError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import {callName} from '../../shared/call-name.ts';
import type {Logger} from '../../shared/logger.ts';
import {unlessAborted} from '../../shared/unless-aborted.ts';
import {InFlight} from '../in-flight.ts';
import {TaskEffects} from '../task-effects.ts';
import {uuidOf} from './action-ids.ts';
import type {Journal} from './journal.ts';
import {JournaledRun} from './journaled-run.ts';
import type {RunParts} from './run-parts.ts';
import type {Triggered} from './trigger-input.ts';

/** What attempts are made with, whatever the action. */
export interface AttemptParts extends RunParts {
    readonly runtime: ContextRuntime;
    readonly services: object;
    readonly log: Logger;
    readonly query: (...args: readonly unknown[]) => Promise<unknown>;
    readonly publish: (topic: string, publication: ActionPublication, id: string, signal: AbortSignal) => Promise<void>;
    readonly schedule: (id: string, executeAt: Date, command: readonly unknown[], cause: Cause) => Promise<string>;
    readonly cancelScheduled: (id: string) => Promise<boolean>;
    /** Queues a durable side effect that was asked for. */
    readonly defer: (key: string, name: string, payload: unknown, cause: Cause) => Promise<void>;
}

export interface AttemptOptions {
    /** Of the task, or whatever stands for it: the same at every attempt. */
    readonly id: string;
    readonly attempt: number;
    readonly signal: AbortSignal;
    readonly journal: Journal;
}

// Taken when the module is loaded: fake timers of a test runner, installed later, must not stop the work.
const {setImmediate: soon} = globalThis;

/** One attempt at a run of an action: the tools that its handler works with. */
export class ActionAttempt {
    readonly #parts: AttemptParts;
    readonly #options: AttemptOptions;
    readonly #triggered: Triggered;
    readonly #commands: JournaledRun;
    readonly #effects: TaskEffects;
    readonly #counts = new Map<string, number>();
    readonly #underWay = new InFlight();
    /** Aborts when the attempt is over, however. */
    readonly #over = new AbortController();

    constructor(parts: AttemptParts, options: AttemptOptions, triggered: Triggered) {
        this.#parts = parts;
        this.#options = options;
        this.#triggered = triggered;
        this.#commands = new JournaledRun(parts, options.journal, options.id, triggered.cause);
        this.#effects = new TaskEffects(triggered.cause, `action/${options.id}`, (key, name, payload) => parts.defer(key, name, payload, triggered.cause));
    }

    /** Calls a handler, and waits for what it has left to itself. */
    async call(handler: (context: ActionContext<Trigger, unknown>) => unknown): Promise<unknown> {
        const {event, message, request} = this.#triggered;
        const {signal} = this.#options;
        const context = {...this.#tools(), event, message, request} as unknown as ActionContext<Trigger, unknown>;
        const end = (): void => this.#over.abort(signal.reason);
        signal.addEventListener('abort', end);
        // It may be over before it has begun: a schema, or the event store, has taken its time.
        if (signal.aborted)
            end();
        try {
            const result = await runInContext({runtime: this.#parts.runtime, effects: this.#effects}, async () => handler(context));
            await this.#idle();
            await this.#effects.settle();
            return result;
        } catch (error) {
            this.#over.abort(isOver());
            await this.#rest(error);
            await this.#options.journal.flush().catch((err: unknown) => this.#parts.log.debug({err}, 'The journal of an action could not be kept up to date: what was done will be looked for'));
            throw error;
        } finally {
            signal.removeEventListener('abort', end);
            this.#over.abort(isOver());
        }
    }

    /** Waits for what the tools have been asked for, and nobody has awaited; and for what follows from that. */
    async #idle(): Promise<void> {
        while (this.#underWay.count > 0) {
            await this.#underWay.idle();
            await new Promise<void>(resolve => soon(resolve));
        }
    }

    /** Waits for what was under way when the handler failed, as long as the attempt may take: neither the next attempt nor what follows a final failure comes beside it. */
    async #rest(error: unknown): Promise<void> {
        const {signal} = this.#options;
        if (!signal.aborted)
            await unlessAborted(signal, () => this.#underWay.idle()).catch(() => this.#parts.log.warn({err: error}, 'A handler has failed with this, and what it had under way then has not ended within the attempt'));
    }

    #tools(): ActionTools<unknown> {
        const {query, runtime, publish, schedule, cancelScheduled, services, log} = this.#parts;
        const {id, attempt, signal} = this.#options;
        const over = this.#over.signal;
        const {cause} = this.#triggered;
        /** After its end an attempt does nothing any more: another may be under way. */
        const alive = <Args extends unknown[], R>(tool: (...args: Args) => Promise<R>) => async (...args: Args): Promise<R> => {
            over.throwIfAborted();
            // Awaited here, so that a failure that the handler leaves to itself is still told.
            return await this.#underWay.track(tool(...args));
        };
        return {
            run: alive((...args: [unknown, ...unknown[]]) => this.#commands.run(...args)),
            query: alive((...args: unknown[]) => query(...args)),
            stateOf: alive((target: unknown, idOrInput: unknown) => runtime.stateOf(target, idOrInput)),
            stateAt: alive((target: unknown, idOrInput: unknown, at: never) => runtime.stateAt(target, idOrInput, at)) as ActionTools<unknown>['stateAt'],
            publish: alive((topic: string, publication: ActionPublication) => publish(topic, publication, uuidOf(id, this.#nth(`publish/${topic}/${publication.key ?? ''}`)), over)),
            scheduleCommand: alive((executeAt: Date, ...command: unknown[]) => schedule(uuidOf(id, this.#nth(`schedule/${callName(command)}`)), executeAt, command, cause)),
            cancelScheduled: alive((scheduledId: string) => cancelScheduled(scheduledId)),
            newId: () => uuidOf(id, this.#nth('id')),
            services, attempt, signal, log, idempotencyKey: id
        };
    }

    /** Names the next one of those about the same: the others of another attempt don't matter to it. */
    #nth(what: string): string {
        const place = this.#counts.get(what) ?? 0;
        this.#counts.set(what, place + 1);
        return `${what}/${place}`;
    }
}

const isOver = (): ContextError => new ContextError('A tool of an action was called after its handler had ended: await it in the handler.', {code: 'HANDLER_RETURNED'});
