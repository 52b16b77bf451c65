import type {Event} from 'woltage';
import {checkTestConfig, type TestConfig} from '../runtime/test-config.ts';
import {TestClock} from '../runtime/test-clock.ts';
import {openTestWoltage} from '../runtime/test-woltage.ts';
import {Given} from './given.ts';
import type {Player, Props, Stage} from './stage.ts';

/** A runtime of its own for every play, which knows what the config has and what the play needs. */
function ownStage(config: TestConfig, learnsEventClasses: boolean): Stage {
    const clock = config.clock ?? new TestClock();
    return {
        clock, isShared: false,
        async play<R>({actions = [], aggregates, decisions, projectors, before}: Props, scene: (player: Player) => Promise<R>): Promise<R> {
            const own = {...config, clock, actions, aggregates: withOthers(config.aggregates, aggregates), decisions: withOthers(config.decisions, decisions)};
            // A projector that is put to the test has no company: its projection is added by the scene.
            const test = projectors === undefined
                ? await openTestWoltage(own, {before, learnsEventClasses})
                : await openTestWoltage({...own, projectorClasses: projectors, projections: undefined}, {before, learnsEventClasses, addsProjections: false});
            try {
                return await scene(test);
            } finally {
                await test.stop();
            }
        }
    };
}

const withOthers = <T>(own: readonly T[] | string | undefined, others: readonly T[] = []): readonly T[] | string =>
    typeof own === 'string' ? own : [...new Set([...own ?? [], ...others])];

/**
 * Begins a given/when/then: events that have happened. It is played on a runtime of its own, in memory, whose clock stands still.
 *
 * @param config What the runtime must know beside what is named in the test: other aggregates, versions of events that an upcast leads through, projectors and read models that a
 * command asks. Event classes are taken up with their first event, too, unless `eventClasses` is a directory
 * @throws TestingError `TEST_INVALID` for anything but events
 * @example
 * await given([new AccountOpened({payload: {owner: 'Ann'}}), new Deposited({payload: {amount: 50}})])
 *     .when(withdraw, {amount: 10})
 *     .then([new Withdrawn({payload: {amount: 10}})]);
 * @example
 * await given([new AccountOpened({aggregateId: 'a-1', payload: {owner: 'Ann'}})])
 *     .expectRows(AccountProjector, {accounts: [{id: 'a-1', owner: 'Ann', balance: 0}]});
 */
export function given(events: readonly Event[] = [], config: TestConfig = {}): Given {
    checkTestConfig(config);
    return new Given(ownStage(config, typeof config.eventClasses !== 'string'), events);
}

/**
 * A `given` for an application: what the tests needn't say each time. Where it has `eventClasses`, an event of any other class fails the test, as it would fail in production.
 *
 * @example
 * const given = createGiven({eventClasses: import.meta.dirname + '/../src/events', aggregates: import.meta.dirname + '/../src/aggregates'});
 * @throws TestingError `TEST_INVALID` when the config isn't an object
 */
export function createGiven(config: TestConfig): (events?: readonly Event[], more?: TestConfig) => Given {
    checkTestConfig(config);
    return (events = [], more = {}) => new Given(ownStage({...config, ...more}, config.eventClasses === undefined), events);
}
