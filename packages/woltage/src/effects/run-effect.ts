import {requireContext, type ContextRuntime, type EffectScope} from '../context/index.ts';
import {ContextError} from '../errors/index.ts';
import type {Cause} from '../events/index.ts';

/** @throws ContextError when called outside of a projector */
export function requireEffects(what: string): {readonly effects: EffectScope; readonly runtime: ContextRuntime} {
    const {effects, runtime} = requireContext(what, 'a projector, a side effect or an action');
    if (effects === undefined)
        throw new ContextError(`${what} only works while a projector handles an event.`);
    return {effects, runtime};
}

/** Hands an effect to what handles the current event. The promise is the scope's own: it knows its error. @param about What it is about, see `EffectScope` */
export function runEffect(what: string, effect: (scope: {readonly cause: Cause; readonly runtime: ContextRuntime; readonly key: string}) => unknown, about?: string): Promise<void> {
    try {
        const {effects, runtime} = requireEffects(what);
        return effects.run(key => effect({cause: effects.cause as Cause, runtime, key}), about && `${what}/${about}`);
    } catch (error) {
        return Promise.reject(error);
    }
}
