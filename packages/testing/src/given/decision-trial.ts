import {Decision} from 'woltage';
import {print} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';
import type {GivenEvents} from './given-events.ts';
import {placeEvents, type PlaceOf} from './place-events.ts';
import type {Player, Stage} from './stage.ts';
import {ENDINGS, verdictOf, type Trial} from './trial.ts';

/** A decision on what is given. @throws TestingError `TEST_INVALID` */
export function decisionTrial(stage: Stage, given: readonly GivenEvents[], decision: Decision, [input, context = {}]: readonly unknown[]): Trial {
    if (typeof context !== 'object' || context === null)
        throw new TestingError('The context of a decision is an object: .when(decision, input, {userId}).');
    const {stream} = decision.options;
    const placeOf: PlaceOf = event => {
        const {aggregate, id} = stream?.(event, input) ?? {};
        return aggregate === undefined || id === undefined ? undefined : {aggregateName: typeof aggregate === 'string' ? aggregate : aggregate.name, aggregateId: id};
    };
    return {
        what: `${decision.name} ${print(input)}`,
        endings: ENDINGS,
        given: given.flatMap(({events}) => events),
        run: () => {
            const before = ({woltage}: Player): Promise<void> => woltage.insides.record(placeEvents(woltage, given, {placeOf}));
            return stage.play({decisions: [decision], before}, async ({woltage, settled}) => {
                // Read models that it asks know of what is given.
                await settled();
                return verdictOf(woltage, () => woltage.decide(decision as Decision<unknown, unknown>, input, context), () => woltage.stateOf(decision as Decision<unknown, unknown>, input));
            });
        }
    };
}

export const isDecision = (target: unknown): target is Decision => target instanceof Decision;
