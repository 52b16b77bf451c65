import {expectHere} from '../compare/fail.ts';
import {Outcome} from './outcome.ts';
import type {StateVerdict} from './trial.ts';

/** What a command or a decision comes to: made by `given(...).when(...)`. It is executed once, by the first expectation. */
export class When extends Outcome<StateVerdict> {
    /**
     * Expects success, and this state of the aggregate (or of the decision) afterwards, folded from all of its events.
     *
     * @param expected The state, compared deep, or a function that returns false or throws for any other
     * @throws AssertionError (in the promise) with the difference
     */
    async thenState<State = unknown>(expected: State | ((state: State) => unknown)): Promise<void> {
        await expectHere(this.thenState, () => this.#expectState(expected));
    }

    async #expectState(expected: unknown): Promise<void> {
        const {state} = await this.run();
        if ('error' in state)
            throw await this.fail({expectedText: ['a state'], expected, failed: state});
        await this.expectValue('a state', expected, state.value);
    }
}
