import {AssertionError} from 'node:assert';
import {Projector, type EffectCall, type Event, type PlacedEvent, type ProjectorClass, type Row, type Woltage} from 'woltage';
import {print} from '../compare/print.ts';
import {addActive, projectionNameOf} from '../runtime/projections.ts';
import {breathe} from '../runtime/real-time.ts';
import {TestingError} from '../testing-error.ts';
import type {GivenEvents} from './given-events.ts';
import {placeEvents} from './place-events.ts';
import {readRows} from './rows.ts';
import type {Player, Stage} from './stage.ts';

/** How a projector meets the events. */
export interface ProjectionPlay {
    readonly mode: 'live' | 'replay' | 'switch';
    /** The projector before the switch. */
    readonly from?: ProjectorClass | undefined;
    readonly to: ProjectorClass;
    readonly after?: number | undefined;
}

/** What a projection of the given events has come to. */
export interface ProjectionOutcome {
    /** By table. */
    readonly rows: Readonly<Record<string, readonly Row[]>>;
    /** The side effects that ran, in their order; each attempt of a durable one. */
    readonly effects: readonly EffectCall[];
    /** The events that were appended beside the given ones: by `emit`, and by commands of side effects. */
    readonly emitted: readonly Event[];
}

/** @throws TestingError `TEST_INVALID` */
export function checkPlan({mode, from, to, after}: ProjectionPlay, isShared: boolean): void {
    for (const projector of mode === 'switch' ? [from, to] : [to]) {
        if (typeof projector !== 'function' || !((projector.prototype as unknown) instanceof Projector))
            throw new TestingError(`A projector class is expected here, not ${print(projector)}.`);
    }
    if (from === to)
        throw new TestingError(`A switch is from one projector class to another; both are ${to.name}@${to.version}.`);
    if (after !== undefined && (!Number.isInteger(after) || after < 0))
        throw new TestingError('`after` is a number of events.');
    if (isShared && mode !== 'live')
        throw new TestingError('A replay or a switch needs a runtime of its own: import {given} from \'@woltage/testing\', instead of the method of a test runtime.');
}

/** @throws AssertionError when the projector fails */
export async function playProjection(stage: Stage, given: readonly GivenEvents[], plan: ProjectionPlay): Promise<ProjectionOutcome> {
    const {mode, from, to} = plan;
    const name = projectionNameOf(to);
    const projectors = from === undefined ? [to] : [from, to];
    return stage.play({projectors}, async player => {
        const {woltage} = player;
        const placed = placeEvents(woltage, given);
        const known = new Set((await woltage.insides.events()).map(({event}) => event.id));
        const effectsBefore = player.effects.length;
        if (mode === 'switch')
            await playSwitch(player, name, placed, plan);
        else if (mode === 'replay')
            await playReplay(player, name, placed, to);
        else
            await playLive(player, name, placed, to, stage.isShared);
        await player.settled({advance: true});
        for (const {event} of placed)
            known.add(event.id);
        const emitted = (await woltage.insides.events()).map(({event}) => event).filter(({id}) => !known.has(id));
        const effects = player.effects.slice(effectsBefore);
        if (mode === 'replay' && effects.length + emitted.length > 0)
            throw new AssertionError({message: `${to.name}@${to.version} has had side effects in a replay.`, expected: [], actual: [...effects, ...emitted], operator: 'deepEqual'});
        return {effects, emitted, rows: await readRows(woltage, ...idOf(woltage, to, plan))};
    });
}

/** The versions of the projection: the projectors', where they tell them apart. */
const versionsOf = ({from, to}: ProjectionPlay): readonly [number, number] =>
    from === undefined ? [0, to.version] : from.version < to.version ? [from.version, to.version] : [1, 2];

function idOf(woltage: Woltage, to: ProjectorClass, plan: ProjectionPlay): [string, number] {
    const registered = Object.values(woltage.getProjections()).find(({projectorName, projectorVersion}) => projectorName === to.name && projectorVersion === to.version);
    return registered === undefined ? [projectionNameOf(to), versionsOf(plan)[1]] : [registered.name, registered.version];
}

async function playLive({woltage, settled}: Player, name: string, placed: readonly PlacedEvent[], to: ProjectorClass, isShared: boolean): Promise<void> {
    if (!isShared)
        await addActive(woltage, name, to, to.version);
    else if (!Object.values(woltage.getProjections()).some(({projectorName, projectorVersion}) => projectorName === to.name && projectorVersion === to.version))
        throw new TestingError(`This runtime has no projection of ${to.name}@${to.version}. Add the class to its \`projectorClasses\`.`);
    await settled();
    await woltage.insides.record(placed);
}

async function playReplay({woltage, settled}: Player, name: string, placed: readonly PlacedEvent[], to: ProjectorClass): Promise<void> {
    await woltage.insides.record(placed);
    await addActive(woltage, name, to, to.version);
    await settled();
}

async function playSwitch({woltage, settled}: Player, name: string, placed: readonly PlacedEvent[], plan: ProjectionPlay): Promise<void> {
    const {from, to, after = Math.floor(placed.length / 2)} = plan;
    const [first, second] = versionsOf(plan);
    await addActive(woltage, name, from as ProjectorClass, first);
    await woltage.insides.record(placed.slice(0, after));
    await settled();
    const others = async (): Promise<void> => {
        for (const event of placed.slice(after)) {
            await woltage.insides.record([event]);
            await breathe(0);
        }
    };
    await Promise.all([addActive(woltage, name, to, second), others()]);
}
