import {Aggregate, type CommandHandle, type Woltage} from 'woltage';
import {print} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';
import type {GivenEvents} from './given-events.ts';
import {placeEvents, targetIdOf} from './place-events.ts';
import type {Player, Stage} from './stage.ts';
import {ENDINGS, verdictOf, type StateVerdict, type Trial} from './trial.ts';

interface Call {
    readonly command: CommandHandle;
    readonly payload: unknown;
    readonly aggregateId: string | undefined;
    readonly context: object;
}

/** Finds out which command is meant. @throws TestingError `TEST_INVALID` */
function callOf(target: unknown, rest: readonly unknown[]): Call {
    const byName = target instanceof Aggregate;
    const command = byName ? target.commands.get(rest[0] as string) : target as CommandHandle | undefined;
    if (byName && command === undefined)
        throw new TestingError(`Aggregate '${target.name}' has no command ${print(rest[0])}. It has: ${[...target.commands.keys()].join(', ') || 'none'}.`);
    if (!(command?.aggregate instanceof Aggregate) || typeof command.name !== 'string')
        throw new TestingError(`when takes what registerCommand has returned and a payload, or an aggregate, a command's name and a payload; a decision and its input; an action and what triggers it; not ${print(target)}.`);
    const [payload, context = {}] = byName ? rest.slice(1) : rest;
    if (typeof context !== 'object' || context === null)
        throw new TestingError('The context of a command is an object: .when(command, payload, {aggregateId, userId}).');
    const {aggregateId, ...others} = context as {aggregateId?: string};
    return {command, payload, aggregateId, context: others};
}

/** A command on what is given. @throws TestingError `TEST_INVALID` */
export function commandTrial(stage: Stage, given: readonly GivenEvents[], target: unknown, rest: readonly unknown[]): Trial {
    const call = callOf(target, rest);
    const {aggregate} = call.command;
    return {
        what: `${aggregate.name}.${call.command.name} ${print(call.payload)}`,
        endings: ENDINGS,
        given: given.flatMap(({events}) => events),
        run: () => {
            const aggregateId = targetIdOf(aggregate, given, call.aggregateId);
            const before = async ({woltage}: Player): Promise<void> => {
                checkIsKnown(woltage, aggregate);
                await woltage.insides.record(placeEvents(woltage, given, {aggregate, aggregateId}));
            };
            return stage.play({aggregates: [aggregate], before}, player => execute(player, call, aggregateId));
        }
    };
}

/** @throws TestingError `TEST_INVALID` for an aggregate that the runtime has in another copy */
function checkIsKnown({insides}: Woltage, aggregate: Aggregate): void {
    const known = insides.aggregates.get(aggregate.name);
    if (known === undefined)
        throw new TestingError(`This runtime has no aggregate '${aggregate.name}'. Add it to its \`aggregates\`.`);
    if (known !== aggregate)
        throw new TestingError(`The aggregate '${aggregate.name}' of this test is not the one that the runtime knows. Where the runtime imports directories, modules may be loaded twice: `
            + 'under Vitest set `test: {server: {deps: {inline: [\'woltage\', \'@woltage/testing\']}}}`, or hand in arrays.');
}

async function execute({woltage, settled}: Player, {command, payload, context}: Call, aggregateId: string): Promise<StateVerdict> {
    // Read models that the command asks know of what is given.
    await settled();
    return verdictOf(woltage, () => woltage.executeCommand(command, aggregateId, payload, context), () => woltage.stateOf(command.aggregate, aggregateId));
}
