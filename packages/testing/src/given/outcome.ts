import type {AssertionError} from 'node:assert';
import type {Event} from 'woltage';
import {differences} from '../compare/differences.ts';
import {expectHere, failure, type Section} from '../compare/fail.ts';
import {print, printError, printEvent, toPrintable} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';
import {describeError, errorMismatch, isErrorClass, plainError, type ExpectedError} from './expected-error.ts';
import {EventLike, isEventClass, listDifferences, plainEvents, printExpected, toExpectedEvents, type ExpectedEvent} from './expected-events.ts';
import type {Trial, Verdict} from './trial.ts';

/** What was expected, and what there is. */
export interface Mismatch {
    readonly expectedText: readonly string[];
    readonly actualText?: readonly string[];
    readonly expected: unknown;
    readonly actual?: unknown;
    readonly failed?: {readonly error: unknown} | undefined;
    readonly different?: readonly string[];
}

/** What something comes to that is put to the test. It is executed once, by the first expectation. */
export abstract class Outcome<V extends Verdict> {
    readonly #trial: Trial<V>;
    #verdict: Promise<V> | undefined;

    constructor(trial: Trial<V>) {
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
            return (awaited as (error: Error) => void)(new TestingError(`Nothing is expected of ${this.#trial.what}: end it with ${this.#trial.endings}.`));
        const isOfEvents = Array.isArray(expected) || expected instanceof EventLike || isEventClass(expected) || isEventOrObject(expected);
        await expectHere(this.then, async () => isOfEvents ? this.#expectEvents(toExpectedEvents(expected, 'then')) : this.#expectError(expected as ExpectedError));
    }

    /** Expects success without an event. @throws AssertionError (in the promise) */
    async thenNothing(): Promise<void> {
        await expectHere(this.thenNothing, () => this.#expectEvents([]));
    }

    /** Executes it once. */
    protected run(): Promise<V> {
        this.#verdict ??= this.#trial.run();
        return this.#verdict;
    }

    async #expectEvents(expected: readonly ExpectedEvent[]): Promise<void> {
        const {events, failed, isPrepared = false} = await this.run();
        const expectedText = expected.length === 0 ? ['no event'] : expected.map(printExpected);
        if (failed !== undefined && !(isPrepared && expected.length > 0))
            throw await this.fail({expectedText, expected: plainEvents(expected, []).expected, failed});
        const different = listDifferences(expected, events);
        if (different.length > 0)
            throw await this.fail({expectedText, actualText: printAll(events), ...plainEvents(expected, events), different});
    }

    async #expectError(expected: ExpectedError): Promise<void> {
        const expectedText = [describeError(expected)];
        const {events, failed} = await this.run();
        const plain = isErrorClass(expected) ? {error: expected.name} : expected instanceof Error ? plainError(expected) : expected;
        if (failed === undefined)
            throw await this.fail({expectedText, actualText: printAll(events), expected: plain, actual: plainEvents([], events).actual});
        const mismatch = errorMismatch(expected, failed.error);
        if (mismatch !== undefined)
            throw await this.fail({expectedText, expected: plain, failed, different: [mismatch]});
    }

    /** Expects a value, or one that a function neither refuses nor throws for. */
    protected async expectValue(what: string, expected: unknown, actual: unknown): Promise<void> {
        if (typeof expected === 'function') {
            if ((expected as (value: unknown) => unknown)(actual) === false)
                throw await this.fail({expectedText: [`${what} that ${expected.name === '' ? 'the given function' : expected.name} accepts`], expected: undefined, actual, actualText: [print(actual)]});
            return;
        }
        const different = differences(expected, actual);
        if (different.length > 0)
            throw await this.fail({expectedText: [print(expected)], actualText: [print(actual)], expected, actual, different});
    }

    protected async fail({expectedText, actualText = [], expected, actual, failed, different = []}: Mismatch): Promise<AssertionError> {
        const {what, given} = this.#trial;
        const {beside = []} = await this.run();
        const got = failed === undefined ? actualText : [printError(failed.error)];
        const sections: readonly Section[] = [
            ['given', given.length === 0 ? ['nothing'] : printAll(given)], ['when', [what]], ['expected', expectedText], ['got', got], ...beside, ['differs', different]
        ];
        return failure({
            title: `${what.split(' ')[0] ?? what} didn't come to what was expected.`, sections, expected,
            actual: failed === undefined ? actual : plainError(failed.error), cause: failed?.error
        });
    }
}

const isEventOrObject = (expected: unknown): boolean => typeof expected === 'object' && !(expected instanceof RegExp) && !(expected instanceof Error);

const printAll = (events: readonly Event[]): readonly string[] => events.length === 0 ? ['no event'] : events.map(event => printEvent(toPrintable(event)));
