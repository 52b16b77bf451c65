// Taken when the module is loaded: fake timers of a test runner, installed later, must not stop the kit.
const {setImmediate: immediate, setTimeout: timeout} = globalThis;
const now = performance.now.bind(performance);

/** Real time, in ms from some moment on. */
export const realNow = (): number => now();

const ROUNDS_AT_ONCE = 60;

/** Lets everything else have its turn: at first without any pause, later with a short one. @param round From 0 */
export const breathe = (round: number): Promise<void> =>
    new Promise(resolve => round < ROUNDS_AT_ONCE ? immediate(resolve) : timeout(resolve, 1));
