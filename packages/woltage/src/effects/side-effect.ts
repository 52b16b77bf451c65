import {requireContext, type ContextRuntime} from '../context/index.ts';
import {ContextError} from '../errors/index.ts';
import type {Event} from '../events/index.ts';

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
    return (...args) => runEffect('A side effect', () => effect(...args));
}

/** Hands an effect to the projection that handles the current event. The promise is the scope's own: it knows its error. */
export function runEffect(what: string, effect: (scope: {readonly event: Event; readonly runtime: ContextRuntime; readonly key: string}) => unknown): Promise<void> {
    try {
        const {effects, runtime} = requireContext(what);
        if (effects === undefined)
            throw new ContextError(`${what} only works while a projector handles an event.`);
        return effects.run(key => effect({event: effects.event, runtime, key}));
    } catch (error) {
        return Promise.reject(error);
    }
}
