import type {Event, Woltage} from 'woltage';

/** What came of what was put to the test. */
export interface Verdict {
    /** What it appended, as recorded. */
    readonly events: readonly Event[];
    /** What it failed with. */
    readonly failed?: {readonly error: unknown} | undefined;
    /** Whether it has a way to deal with its failure: then events may be what came of that. */
    readonly isPrepared?: boolean | undefined;
    /** What happened beside it, for messages: a heading, and lines. */
    readonly beside?: readonly (readonly [string, readonly string[]])[] | undefined;
}

/** What came of a command or a decision. */
export interface StateVerdict extends Verdict {
    /** The state afterwards, or why there is none. */
    readonly state: {readonly value: unknown} | {readonly error: unknown};
}

/** What is put to the test. */
export interface Trial<V extends Verdict = StateVerdict> {
    /** For messages: `account.withdraw {amount: 10}`. */
    readonly what: string;
    readonly given: readonly Event[];
    /** How a sentence about it may end, for messages. */
    readonly endings: string;
    /** Runs it. */
    readonly run: () => Promise<V>;
}

/** How a sentence about a command or a decision may end. */
export const ENDINGS = '.then([events]), .then(error), .thenNothing() or .thenState(state)';

/** Runs a call, and looks what it has left in the event store. */
export async function verdictOf(woltage: Woltage, call: () => Promise<{readonly events: readonly Event[]}>, stateOf: () => Promise<unknown>): Promise<StateVerdict> {
    let events: readonly Event[];
    try {
        ({events} = await call());
    } catch (error) {
        return {events: [], failed: {error}, state: {error}};
    }
    const recorded = new Map((await woltage.insides.events()).map(({event}) => [event.id, event]));
    // A stream that has been erased has none.
    const state = await stateOf().then(value => ({value}), (error: unknown) => ({error}));
    return {events: events.map(event => recorded.get(event.id) ?? event), state};
}
