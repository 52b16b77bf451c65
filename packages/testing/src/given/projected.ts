import type {ProjectorClass} from 'woltage';
import {expectHere, failure} from '../compare/fail.ts';
import {printEvent, toPrintable} from '../compare/print.ts';
import {compareEffects, printCall, printExpectedEffect, type ExpectedEffect} from '../runtime/recorded-effects.ts';
import {TestingError} from '../testing-error.ts';
import {listDifferences, plainEvents, printExpected, toExpectedEvents, type ExpectedEvent} from './expected-events.ts';
import type {GivenEvents} from './given-events.ts';
import {checkPlan, playProjection, type ProjectionOutcome, type ProjectionPlay} from './projection-play.ts';
import {checkRows, compareRows, type ExpectedRows} from './rows.ts';
import type {Stage} from './stage.ts';

export type {ExpectedRows, ProjectionOutcome};

export interface SwitchOptions {
    /** How many of the given events come before the switch. @default half of them */
    readonly after?: number | undefined;
}

/** What a projector makes of the given events: made by `given(...).project(...)`, `.replay(...)` and `.switch(...)`. It runs once, for the first expectation. */
export class Projected<P extends ProjectorClass = ProjectorClass> {
    readonly #stage: Stage;
    readonly #given: readonly GivenEvents[];
    readonly #plan: ProjectionPlay;
    #outcome: Promise<ProjectionOutcome> | undefined;

    /** @internal */
    constructor(stage: Stage, given: readonly GivenEvents[], plan: ProjectionPlay) {
        checkPlan(plan, stage.isShared);
        this.#stage = stage;
        this.#given = given;
        this.#plan = plan;
    }

    /**
     * Expects these rows, in any order, and no others in the tables that are named.
     *
     * @throws AssertionError (in the promise) that names missing and unexpected rows and the fields that differ; also when the projector fails
     * @throws TestingError `TEST_INVALID` (in the promise) for a table that the projector doesn't have
     */
    async expectRows(expected: ExpectedRows<P>): Promise<void> {
        await expectHere(this.expectRows, () => this.#compareRows(expected));
    }

    async #compareRows(expected: ExpectedRows<P>): Promise<void> {
        const {to} = this.#plan;
        checkRows(to, expected);
        const {rows} = await this.outcome();
        const {lines, ...sorted} = compareRows(to, expected, rows);
        if (lines.length > 0)
            throw this.#fail('rows', lines, sorted);
    }

    /**
     * Expects these side effects to have run and no others, in any order: a durable one runs when its turn comes. It counts once, however often it was tried; `emit` isn't one: see {@link expectEmitted}.
     *
     * @param expected Each as `ran(effect, ...args)`
     * @throws AssertionError (in the promise)
     */
    async expectEffects(expected: readonly ExpectedEffect[]): Promise<void> {
        await expectHere(this.expectEffects, () => this.#compareEffects(expected));
    }

    async #compareEffects(expected: readonly ExpectedEffect[]): Promise<void> {
        if (!Array.isArray(expected) || !expected.every(item => Array.isArray((item as ExpectedEffect | undefined)?.args)))
            throw new TestingError('expectEffects takes an array of side effects: [ran(sendWelcome, {email: \'ann@example.com\'})].');
        const {effects} = await this.outcome();
        const calls = effects.filter(({attempt}) => attempt === 1);
        const {missing, unexpected} = compareEffects(expected, calls);
        if (missing.length + unexpected.length === 0)
            return;
        const lines = [...missing.map(text => `missing ${text}`), ...unexpected.map(text => `unexpected ${text}`)];
        const [wanted, got] = [expected.map(effect => printExpectedEffect(effect, calls)).sort(), calls.map(call => printCall(call)).sort()];
        throw this.#fail('side effects', lines, {expected: wanted, actual: got}, [['expected', orNone(wanted)], ['got', orNone(got)]]);
    }

    /**
     * Expects these events to have been appended beside the given ones, in this order and no others: by `emit`, and by commands of side effects.
     *
     * @throws AssertionError (in the promise) with the difference
     */
    async expectEmitted(expected: ExpectedEvent | readonly ExpectedEvent[]): Promise<void> {
        await expectHere(this.expectEmitted, () => this.#compareEmitted(expected));
    }

    async #compareEmitted(expected: ExpectedEvent | readonly ExpectedEvent[]): Promise<void> {
        const list = toExpectedEvents(expected, 'expectEmitted');
        const {emitted} = await this.outcome();
        const lines = listDifferences(list, emitted);
        if (lines.length > 0)
            throw this.#fail('emitted events', lines, plainEvents(list, emitted),
                [['expected', orNone(list.map(printExpected))], ['got', orNone(emitted.map(event => printEvent(toPrintable(event))))]]);
    }

    /** What has come of it, for expectations of your own. @throws AssertionError (in the promise) when the projector fails */
    outcome(): Promise<ProjectionOutcome> {
        this.#outcome ??= playProjection(this.#stage, this.#given, this.#plan);
        return this.#outcome;
    }

    #fail(what: string, lines: readonly string[], {expected, actual}: {readonly expected: unknown; readonly actual: unknown}, more: readonly (readonly [string, readonly string[]])[] = []) {
        const {mode, from, to} = this.#plan;
        const how = mode === 'live' ? '' : mode === 'replay' ? ' after a replay' : ` after a switch from ${from?.name}@${from?.version}`;
        const given = this.#given.flatMap(({events}) => events.map(event => printEvent(toPrintable(event))));
        return failure({
            title: `The ${what} of ${to.name}@${to.version}${how} are not what was expected.`,
            sections: [['given', given.length === 0 ? ['nothing'] : given], ...more, ['differs', lines]], expected, actual
        });
    }
}

const orNone = (lines: readonly string[]): readonly string[] => lines.length === 0 ? ['none'] : lines;
