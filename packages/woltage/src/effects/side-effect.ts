import {requireContext, type EffectScope} from '../context/index.ts';
import {ContextError} from '../errors/index.ts';

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
export function sideEffect<Args extends readonly unknown[]>(
    effect: (...args: Args) => unknown
): (...args: Args) => Promise<void> {
    return async (...args) => {
        await requireEffects('A side effect').run(() => effect(...args));
    };
}

export function requireEffects(what: string): EffectScope {
    const {effects} = requireContext(what);
    if (effects === undefined)
        throw new ContextError(`${what} only works while a projector handles an event.`);
    return effects;
}
