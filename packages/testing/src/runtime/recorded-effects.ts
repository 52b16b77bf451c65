import type {EffectCall} from 'woltage';
import {isEqual} from '../compare/differences.ts';
import {print} from '../compare/print.ts';

/** A side effect that is expected, as `ran` makes it: which one, and what it was called with. */
export interface ExpectedEffect {
    /** What `sideEffect` has returned, or its name. */
    readonly effect: string | ((...args: never[]) => unknown);
    readonly args: readonly unknown[];
}

/**
 * A side effect that is expected to have run, for `expectEffects`.
 *
 * @param effect What `sideEffect` has returned, or the name of a durable one
 * @example
 * await given([new UserRegistered({payload})]).project(UserProjector).expectEffects([ran(sendWelcome, {email: 'ann@example.com'})]);
 */
export function ran<Args extends readonly unknown[]>(effect: (...args: Args) => unknown, ...args: Args): ExpectedEffect;
export function ran(effect: string, ...args: readonly unknown[]): ExpectedEffect;
export function ran(effect: string | ((...args: never[]) => unknown), ...args: readonly unknown[]): ExpectedEffect {
    return {effect, args};
}

/** Whether a call was of this effect. A durable one is known by its name: that is how its task finds it. */
function isCallOf({effect, name, isDurable}: EffectCall, expected: ExpectedEffect['effect']): boolean {
    if (effect === expected)
        return true;
    return typeof expected === 'string' ? name === expected : isDurable && name === expected.name;
}

/** Finds a call for each effect that is expected, in any order. @returns What is left on both sides, in words */
export function compareEffects(expected: readonly ExpectedEffect[], calls: readonly EffectCall[]): {readonly missing: readonly string[]; readonly unexpected: readonly string[]} {
    const left = [...calls];
    const missing = expected.filter(({effect, args}) => {
        const index = left.findIndex(call => isCallOf(call, effect) && isEqual(args, call.args));
        if (index >= 0)
            left.splice(index, 1);
        return index < 0;
    });
    return {missing: missing.map(effect => printExpectedEffect(effect, calls)), unexpected: left.map(printCall)};
}

const NAMELESS = 'sideEffect';
const printArgs = (args: readonly unknown[]): string => `(${args.map(print).join(', ')})`;

export const printCall = ({name, args}: EffectCall): string => (name || NAMELESS) + printArgs(args);

/** An effect that is expected, by the name that its calls have. */
export function printExpectedEffect({effect, args}: ExpectedEffect, calls: readonly EffectCall[]): string {
    const name = typeof effect === 'string' ? effect : calls.find(call => isCallOf(call, effect))?.name ?? effect.name;
    return (name || NAMELESS) + printArgs(args);
}
