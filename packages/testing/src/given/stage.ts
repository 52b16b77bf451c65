import type {Action, ActionRun, Aggregate, Decision, EffectCall, ProjectorClass, Woltage} from 'woltage';
import type {PublishedMessage} from '../runtime/published.ts';
import type {SettleOptions} from '../runtime/settle.ts';
import type {TestClock} from '../runtime/test-clock.ts';

/** A runtime that a given/when/then is played on. */
export interface Player {
    readonly woltage: Woltage;
    readonly clock: TestClock;
    readonly effects: readonly EffectCall[];
    readonly runs: readonly ActionRun[];
    readonly published: readonly PublishedMessage[];
    readonly settled: (options?: SettleOptions) => Promise<void>;
}

export interface Props {
    /** Aggregates that must be known. */
    readonly aggregates?: readonly Aggregate[];
    /** Decisions that must be known. */
    readonly decisions?: readonly Decision[];
    /** Actions that are put to the test; those of the config aren't at work. */
    readonly actions?: readonly Action[];
    /** Projectors that must be known, in place of those of the config. None of them has a projection yet. */
    readonly projectors?: readonly ProjectorClass[];
    /** Appends what is history to all projections. */
    readonly before?: (player: Player) => Promise<void>;
}

/** Where a given/when/then is played: on a runtime of its own each time, or on one that is there. */
export interface Stage {
    readonly clock: TestClock;
    /** Whether the runtime is there already, with what has happened on it. */
    readonly isShared: boolean;
    /** Plays on a runtime, which is gone afterwards unless it is shared. */
    play<R>(props: Props, scene: (player: Player) => Promise<R>): Promise<R>;
}
