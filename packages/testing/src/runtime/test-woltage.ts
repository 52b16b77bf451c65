import {createWoltage, MemoryBroker, type ActionRun, type EffectCall, type Event, type Woltage} from 'woltage';
import {Given} from '../given/given.ts';
import {addProjections} from './projections.ts';
import {recorded, type PublishedMessage} from './published.ts';
import {settle, settleBeforeAdvance, type SettleOptions} from './settle.ts';
import {TestClock} from './test-clock.ts';
import {checkTestConfig, fillIn, type TestConfig} from './test-config.ts';

/** A runtime for tests, on memory adapters, with a clock that stands still: made by {@link createTestWoltage}. Its methods may be taken off it. */
export class TestWoltage {
    readonly woltage: Woltage;
    readonly clock: TestClock;
    /** The side effects that have run, in their order; each attempt of a durable one. */
    readonly effects: readonly EffectCall[];
    /** The attempts at runs of actions that are over, in the order of their ends. */
    readonly runs: readonly ActionRun[];
    /** What the message broker has published, in its order; a message that is published again comes again. */
    readonly published: readonly PublishedMessage[];
    readonly #unfollow: () => void;

    /** @internal */
    constructor(woltage: Woltage, clock: TestClock, {effects, runs, published}: Pick<TestWoltage, 'effects' | 'runs' | 'published'>) {
        this.woltage = woltage;
        this.clock = clock;
        this.effects = effects;
        this.runs = runs;
        this.published = published;
        this.#unfollow = clock.follow(() => settleBeforeAdvance(woltage));
    }

    /**
     * Waits until commands, projections, side effects and actions have nothing left to do at the clock's present time. What is due later, such as the retry of a durable side effect or of an action, waits
     * for `clock.advance(ms)`, or for `settled({advance: true})`.
     *
     * @throws TestingError `NOT_SETTLED` after 2 s (`timeoutMs`), with what it still waits for
     * @throws AssertionError when a projection is faulted, with its error as the cause
     */
    readonly settled = (options?: SettleOptions): Promise<void> => settle(this.woltage, this.clock, options);

    /** All events of the event store, in their order. */
    readonly events = async (): Promise<readonly Event[]> => (await this.woltage.insides.events()).map(({event}) => event);

    /**
     * Begins a given/when/then on this runtime: the events are appended to what is there, and what was expected stays there.
     *
     * @throws TestingError `TEST_INVALID` for anything but events
     */
    readonly given = (events: readonly Event[] = []): Given => new Given({
        clock: this.clock, isShared: true,
        play: async ({before}, scene) => {
            await before?.(this);
            return scene(this);
        }
    }, events);

    /** Stops it. Repeated calls do nothing. */
    readonly stop = async (): Promise<void> => {
        this.#unfollow();
        await this.woltage.stop();
    };

    async [Symbol.asyncDispose](): Promise<void> {
        await this.stop();
    }
}

/**
 * Creates a runtime for a test: the real one, on adapters in memory, with a clock that stands still and ids that are the same in every run. Of each projector the newest version is
 * added as an active projection, named like the class without `Projector` (`UserProjector` is `user`), unless `projections` says otherwise. Where
 * `eventClasses` is left out, classes are taken up with their first event.
 *
 * @example
 * const {woltage, clock, settled, stop} = await createTestWoltage({aggregates: [order], projectorClasses: [OrderProjector], readModelClasses: [Orders]});
 * await woltage.executeCommand(placeOrder, 'o-1', {customer: 'ann@example.com'});
 * await settled();
 * @throws ConfigError as `createWoltage` does
 * @throws TestingError `TEST_INVALID`
 */
export function createTestWoltage(config: TestConfig = {}): Promise<TestWoltage> {
    return openTestWoltage(config);
}

export interface OpenOptions {
    /** Runs before there are any projections: what it appends is history to them. */
    readonly before?: ((test: TestWoltage) => Promise<void>) | undefined;
    /** @default true, where `eventClasses` is left out */
    readonly learnsEventClasses?: boolean;
    /** Whether projectors get a projection each, where the config doesn't declare any. @default true */
    readonly addsProjections?: boolean;
}

/** Opens a runtime for a test, see {@link createTestWoltage}. */
export async function openTestWoltage(config: TestConfig, {before, learnsEventClasses, addsProjections = true}: OpenOptions = {}): Promise<TestWoltage> {
    checkTestConfig(config);
    const clock = config.clock ?? new TestClock();
    const effects: EffectCall[] = [];
    const runs: ActionRun[] = [];
    const published: PublishedMessage[] = [];
    const {messageBroker = {adapter: MemoryBroker}} = config;
    const harness = {clock: clock.source, onEffect: (call: EffectCall) => effects.push(call), onAttempt: (run: ActionRun) => runs.push(run), learnsEventClasses: learnsEventClasses ?? config.eventClasses === undefined};
    const woltage = await createWoltage({...fillIn(config), messageBroker: recorded(messageBroker, published), autostart: false, harness});
    const test = new TestWoltage(woltage, clock, {effects, runs, published});
    try {
        await before?.(test);
        if (config.autostart !== false) {
            await woltage.start();
            if (config.projections === undefined && addsProjections)
                await addProjections(woltage, [...woltage.insides.projectors.values()], Object.keys(config.stores ?? {})[0]);
            await test.settled({allowFaults: true});
        }
        return test;
    } catch (error) {
        await test.stop();
        throw error;
    }
}
