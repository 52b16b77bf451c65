import {expectHere} from '../compare/fail.ts';
import {differences} from '../compare/differences.ts';
import {print} from '../compare/print.ts';
import type {PublishedMessage} from '../runtime/published.ts';
import {TestingError} from '../testing-error.ts';
import type {ActionVerdict} from './action-trial.ts';
import {Outcome} from './outcome.ts';

/** A message that is expected: key and headers are compared where they are given. */
export interface ExpectedMessage {
    readonly topic: string;
    /** Parsed, where it is JSON. */
    readonly value: unknown;
    readonly key?: string | null | undefined;
    readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What an action comes to, with all its retries: made by `given(...).when(action, trigger)`. It is triggered once, by the first expectation. */
export class WhenAction extends Outcome<ActionVerdict> {
    /**
     * Expects success, and these messages to have been published, in this order and no others. A message that a retry publishes again counts once.
     *
     * @throws AssertionError (in the promise) with the difference
     * @throws TestingError `TEST_INVALID` (in the promise) for what can't be a message
     */
    async thenPublished(expected: readonly ExpectedMessage[]): Promise<void> {
        await expectHere(this.thenPublished, () => this.#expectPublished(expected));
    }

    /**
     * Expects success, and this result of the handler.
     *
     * @param expected The result, compared deep, or a function that returns false or throws for any other
     * @throws AssertionError (in the promise) with the difference
     */
    async thenResult<Result = unknown>(expected: Result | ((result: Result) => unknown)): Promise<void> {
        await expectHere(this.thenResult, async () => {
            await this.#expectSuccess('a result', expected);
            await this.expectValue('a result', expected, (await this.run()).result);
        });
    }

    async #expectPublished(expected: readonly ExpectedMessage[]): Promise<void> {
        if (!Array.isArray(expected) || !expected.every(message => typeof (message as ExpectedMessage | undefined)?.topic === 'string'))
            throw new TestingError('thenPublished takes an array of messages: [{topic: \'carts\', value: {cartId: \'1\'}}].');
        await this.#expectSuccess('messages', expected);
        const {published} = await this.run();
        const got = published.map((message, i) => comparable(message, expected[i]));
        const different = differences(expected, got);
        if (different.length > 0)
            throw await this.fail({expectedText: orNone(expected.map(printMessage)), actualText: orNone(got.map(printMessage)), expected, actual: got, different});
    }

    async #expectSuccess(what: string, expected: unknown): Promise<void> {
        const {failed} = await this.run();
        if (failed !== undefined)
            throw await this.fail({expectedText: [what], expected, failed});
    }
}

/** A message, without what the expected one says nothing of. */
const comparable = ({topic, value, key, headers}: PublishedMessage, expected: ExpectedMessage | undefined): ExpectedMessage => ({
    topic, value,
    ...expected?.key !== undefined && {key},
    ...expected?.headers !== undefined && {headers: Object.fromEntries(Object.entries(headers).filter(([name]) => Object.hasOwn(expected.headers ?? {}, name)))}
});

const printMessage = ({topic, value, key, headers}: ExpectedMessage): string =>
    `${topic} ${print(value)}${key === undefined ? '' : ` key ${print(key)}`}${headers === undefined ? '' : ` headers ${print(headers)}`}`;

const orNone = (lines: readonly string[]): readonly string[] => lines.length === 0 ? ['none'] : lines;
