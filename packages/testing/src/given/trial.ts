import type {Event, Woltage} from 'woltage';

/** What came of a command or a decision. */
export interface Verdict {
    /** What it appended, as recorded. */
    readonly events: readonly Event[];
    /** What it failed with. */
    readonly failed?: {readonly error: unknown} | undefined;
    /** The state afterwards, or why there is none. */
    readonly state: {readonly value: unknown} | {readonly error: unknown};
}

/** What is put to the test. */
export interface Trial {
    /** For messages: `account.withdraw {amount: 10}`. */
    readonly what: string;
    readonly given: readonly Event[];
    /** Runs it. */
    readonly run: () => Promise<Verdict>;
}

/** Runs a call, and looks what it has left in the event store. */
export async function verdictOf(woltage: Woltage, call: () => Promise<{readonly events: readonly Event[]}>, stateOf: () => Promise<unknown>): Promise<Verdict> {
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
