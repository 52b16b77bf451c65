import {ConfigError} from '../errors/index.ts';
import type {Cause} from '../events/index.ts';
import type {Emission} from './emit.ts';

/** What a durable side effect is told of the attempt. */
export interface EffectRun {
    /** The same at every attempt and in every version of the projection: hand it to services that recognise repetitions. */
    readonly idempotencyKey: string;
    /** From 1. */
    readonly attempt: number;
    /** Aborts when the attempt has taken too long, or when the process stops. */
    readonly signal: AbortSignal;
    /** The event that the projector handled. */
    readonly cause: Cause;
}

/** How often and how long a durable side effect is tried. */
export interface EffectRetry {
    /** @default 10 */
    readonly maxAttempts?: number;
    /** Before the second attempt, in ms; it doubles each time, with jitter. @default 1000 */
    readonly backoffMs?: number;
    /** The longest pause, in ms. @default 300000 */
    readonly maxBackoffMs?: number;
    /** The longest that one attempt may take, in ms. @default 30000 */
    readonly timeoutMs?: number;
}

export interface FinalFailure<Payload> {
    readonly payload: Payload;
    readonly error: Error;
    readonly attempts: number;
    readonly cause: Cause;
}

export interface DurableSideEffectOptions<Payload> {
    /** Names the effect, also after a restart with newer code: keep it as long as there may be tasks of it. */
    readonly name: string;
    readonly durable: true;
    readonly retry?: EffectRetry;
    /** Makes events that are emitted when the last attempt has failed, before the task goes to the dead letters. */
    readonly onFinalFailure?: (failure: FinalFailure<Payload>) => Emission | undefined | Promise<Emission | undefined>;
}

const byName = new Map<string, DurableSideEffect>();

/** A durable side effect, found by its name when its task is due. */
export class DurableSideEffect {
    readonly name: string;
    readonly options: DurableSideEffectOptions<unknown>;
    readonly effect: (payload: unknown, run: EffectRun) => unknown;

    /** @throws ConfigError `SIDE_EFFECT_INVALID`, `DUPLICATE_SIDE_EFFECT` */
    constructor(effect: (payload: unknown, run: EffectRun) => unknown, options: DurableSideEffectOptions<unknown>) {
        const {name, durable} = options as {name: unknown; durable: unknown};
        if (durable !== true || typeof name !== 'string' || name === '')
            throw new ConfigError('A side effect with options must have a `name` and `durable: true`. Without options it runs inline.', {code: 'SIDE_EFFECT_INVALID'});
        checkRetry(name, options.retry ?? {});
        const known = byName.get(name);
        // The same module may be loaded twice, for instance by a test runner: then the newer one stands.
        if (known !== undefined && String(known.effect) !== String(effect))
            throw new ConfigError(`Two durable side effects are named '${name}'. A task finds its effect by the name: give each its own.`, {code: 'DUPLICATE_SIDE_EFFECT'});
        this.name = name;
        this.options = options;
        this.effect = effect;
        byName.set(name, this);
    }

    /** Whether there is any. */
    static get isUsed(): boolean {
        return byName.size > 0;
    }

    static find(name: string): DurableSideEffect | undefined {
        return byName.get(name);
    }
}

function checkRetry(name: string, retry: EffectRetry): void {
    for (const [key, value] of Object.entries(retry)) {
        const min = key === 'maxAttempts' ? 1 : 0;
        if (typeof value !== 'number' || !(value >= min) || key === 'maxAttempts' && !Number.isInteger(value))
            throw new ConfigError(`Side effect '${name}': \`retry.${key}\` must be a number of at least ${min}.`, {code: 'SIDE_EFFECT_INVALID'});
    }
}
