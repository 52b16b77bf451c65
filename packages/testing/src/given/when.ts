import type {AssertionError} from 'node:assert';
import type {Event} from 'woltage';
import {expectHere, failure, type Section} from '../compare/fail.ts';
import {differences} from '../compare/differences.ts';
import {print, printError, printEvent, toPrintable} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';
import {describeError, errorMismatch, isErrorClass, plainError, type ExpectedError} from './expected-error.ts';
import {EventLike, isEventClass, listDifferences, plainEvents, printExpected, toExpectedEvents, type ExpectedEvent} from './expected-events.ts';
import type {Trial, Verdict} from './trial.ts';

/** What a command or a decision comes to: made by `given(...).when(...)`. It is executed once, by the first expectation. */
export class When {
    readonly #trial: Trial;
    #verdict: Promise<Verdict> | undefined;

    constructor(trial: Trial) {
        this.#trial = trial;
    }

    /**
     * Expects these events, in this order and no others; or an error, and no event at all.
     *
     * Events are compared by type, version and payload (deep, with bigint and Date), by meta and aggregate id where the expected one has any; ids and times aren't compared.
     *
     * @param expected Events (or event classes, or `eventLike(...)`), or an error: its class, its code, a pattern of its message, or a function that returns false or throws for any other
     * @throws AssertionError (in the promise) with the difference
     * @throws TestingError `TEST_INVALID` (in the promise) for anything else, and where the object is awaited without an expectation
     */
    async then(expected: ExpectedEvent | readonly ExpectedEvent[] | ExpectedError, awaited?: never): Promise<void> {
        if (typeof awaited === 'function')
            return (awaited as (error: Error) => void)(new TestingError(`Nothing is expected of ${this.#trial.what}: end it with .then([events]), .then(error), .thenNothing() or .thenState(state).`));
        const isOfEvents = Array.isArray(expected) || expected instanceof EventLike || isEventClass(expected) || isEventOrObject(expected);
        await expectHere(this.then, async () => isOfEvents ? this.#expectEvents(toExpectedEvents(expected, 'then')) : this.#expectError(expected as ExpectedError));
    }

    /** Expects success without an event. @throws AssertionError (in the promise) */
    async thenNothing(): Promise<void> {
        await expectHere(this.thenNothing, () => this.#expectEvents([]));
    }

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
        const verdict = await this.#run();
        if ('error' in verdict.state)
            throw this.#fail({expectedText: ['a state'], expected, failed: verdict.state});
        const state = verdict.state.value;
        if (typeof expected === 'function') {
            const isRefused = (expected as (state: unknown) => unknown)(state) === false;
            if (isRefused)
                throw this.#fail({expectedText: [`a state that ${expected.name === '' ? 'the given function' : expected.name} accepts`], expected: undefined, actual: state, actualText: [print(state)]});
            return;
        }
        const different = differences(expected, state);
        if (different.length > 0)
            throw this.#fail({expectedText: [print(expected)], actualText: [print(state)], expected, actual: state, different});
    }

    /** Executes it once. */
    #run(): Promise<Verdict> {
        this.#verdict ??= this.#trial.run();
        return this.#verdict;
    }

    async #expectEvents(expected: readonly ExpectedEvent[]): Promise<void> {
        const {events, failed} = await this.#run();
        const expectedText = expected.length === 0 ? ['no event'] : expected.map(printExpected);
        if (failed !== undefined)
            throw this.#fail({expectedText, expected: plainEvents(expected, []).expected, failed});
        const different = listDifferences(expected, events);
        if (different.length > 0)
            throw this.#fail({expectedText, actualText: printAll(events), ...plainEvents(expected, events), different});
    }

    async #expectError(expected: ExpectedError): Promise<void> {
        const expectedText = [describeError(expected)];
        const {events, failed} = await this.#run();
        const plain = isErrorClass(expected) ? {error: expected.name} : expected instanceof Error ? plainError(expected) : expected;
        if (failed === undefined)
            throw this.#fail({expectedText, actualText: printAll(events), expected: plain, actual: plainEvents([], events).actual});
        const mismatch = errorMismatch(expected, failed.error);
        if (mismatch !== undefined)
            throw this.#fail({expectedText, expected: plain, failed, different: [mismatch]});
    }

    #fail({expectedText, actualText = [], expected, actual, failed, different = []}: {
        readonly expectedText: readonly string[]; readonly actualText?: readonly string[]; readonly expected: unknown; readonly actual?: unknown;
        readonly failed?: {readonly error: unknown}; readonly different?: readonly string[];
    }): AssertionError {
        const {what, given} = this.#trial;
        const got = failed === undefined ? actualText : [printError(failed.error)];
        const sections: readonly Section[] = [
            ['given', given.length === 0 ? ['nothing'] : printAll(given)], ['when', [what]], ['expected', expectedText], ['got', got], ['differs', different]
        ];
        return failure({
            title: `${what.split(' ')[0] ?? what} didn't come to what was expected.`, sections, expected,
            actual: failed === undefined ? actual : plainError(failed.error), cause: failed?.error
        });
    }
}

const isEventOrObject = (expected: unknown): boolean => typeof expected === 'object' && !(expected instanceof RegExp) && !(expected instanceof Error);

const printAll = (events: readonly Event[]): readonly string[] => events.length === 0 ? ['no event'] : events.map(event => printEvent(toPrintable(event)));
