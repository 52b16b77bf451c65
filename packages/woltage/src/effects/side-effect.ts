import {DurableSideEffect, type DurableSideEffectOptions, type EffectRun} from './durable-side-effect.ts';
import {requireEffects, runEffect} from './run-effect.ts';

/**
 * Wraps a function so that a projector can call it without harm: it runs for events that are new to the projection's name,
 * in its active version alone, and never in a replay. It can't return anything, for it may not run.
 *
 * It runs at least once: when the process dies before the event's rows are committed, it runs again. An error that it
 * throws is an error of the event handler.
 *
 * @example
 * const sendWelcome = sideEffect(async ({email}: {email: string}) => {
 *     await sendMail(email, 'Welcome!');
 * });
 * @throws ContextError (in the promise) when called outside of a projector
 */
export function sideEffect<Args extends readonly unknown[]>(effect: (...args: Args) => unknown): (...args: Args) => Promise<void>;
/**
 * A durable one: that it is to run is written in the same commit as the event's rows, and it runs from the task queue afterwards, with retries.
 * Nothing is lost by a crash, and its failure doesn't hold up the projection. It runs at least once; the idempotency key that it gets is the same each time.
 *
 * @example
 * const sendWelcome = sideEffect(async ({email}: {email: string}, {idempotencyKey}) => {
 *     await sendMail(email, 'Welcome!', {idempotencyKey});
 * }, {name: 'send-welcome', durable: true, retry: {maxAttempts: 5, backoffMs: 1000, timeoutMs: 30_000}});
 * @throws ConfigError `DUPLICATE_SIDE_EFFECT` when the name belongs to another one; `SIDE_EFFECT_INVALID`
 * @throws BadRequestError `NOT_ENCODABLE` (in the promise) when the payload can't be stored
 */
export function sideEffect<Payload>(
    effect: (payload: Payload, run: EffectRun) => unknown, options: DurableSideEffectOptions<Payload>
): (payload: Payload) => Promise<void>;
export function sideEffect(effect: (...args: never[]) => unknown, options?: DurableSideEffectOptions<never>): (...args: never[]) => Promise<void> {
    if (options === undefined) {
        const inline = (...args: never[]): Promise<void> => runEffect('A side effect', ({cause, runtime}) => {
            runtime.onEffect?.({effect: inline, name: effect.name, args, attempt: 1, isDurable: false, cause});
            return effect(...args);
        });
        return inline;
    }
    const durable = new DurableSideEffect(effect as (payload: unknown, run: EffectRun) => unknown, options as unknown as DurableSideEffectOptions<unknown>);
    return Object.defineProperty(async (payload: unknown) => {
        const {effects, runtime} = requireEffects('A side effect');
        runtime.learnEffect(durable);
        effects.defer(durable, payload);
    }, 'name', {value: durable.name});
}
