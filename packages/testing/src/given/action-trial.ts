import {Action, isWoltageError, onHttp, ValidationError, WoltageError, type ActionOptions, type ActionRequest, type ActionRun, type Woltage} from 'woltage';
import {print, printError} from '../compare/print.ts';
import type {PublishedMessage} from '../runtime/published.ts';
import {TestingError} from '../testing-error.ts';
import {printTriggering, triggeringOf, triggersOf, type Triggering} from './action-trigger.ts';
import {stamp, type GivenEvents} from './given-events.ts';
import {placeEvents} from './place-events.ts';
import type {Player, Stage} from './stage.ts';
import type {Trial, Verdict} from './trial.ts';

/** What came of an action. */
export interface ActionVerdict extends Verdict {
    /** What it published, each message once. */
    readonly published: readonly PublishedMessage[];
    /** What its handler has returned. */
    readonly result: unknown;
}

export const isAction = (target: unknown): target is Action => target instanceof Action;

/** An action on what is given, triggered by something. @throws TestingError `TEST_INVALID` */
export function actionTrial(stage: Stage, given: readonly GivenEvents[], action: Action, trigger: unknown): Trial<ActionVerdict> {
    const triggering = triggeringOf(action, trigger);
    if (triggering.by === 'event')
        stamp([triggering.event], stage.clock);
    return {
        what: `${action.name} by ${printTriggering(triggering)}`,
        endings: '.then([events]), .then(error), .thenNothing(), .thenPublished([messages]) or .thenResult(result)',
        given: given.flatMap(({events}) => events),
        run: () => {
            const before = async ({woltage}: Player): Promise<void> => {
                checkIsKnown(woltage, action, stage.isShared);
                await woltage.insides.record(placeEvents(woltage, given));
            };
            return stage.play({actions: [afterwards(action)], before}, player => play(player, action, triggering));
        }
    };
}

/** The action, to which what is given is history, and whose times come from the test alone. */
function afterwards({name, triggers, options}: Action): Action {
    const others = triggers.filter(({kind}) => kind !== 'schedule').map(trigger => trigger.kind === 'event' ? {...trigger, from: 'now' as const} : trigger);
    return Action.create(name, {...options, on: others.length > 0 ? others : onHttp('POST', '/by-the-test')});
}

/** @throws TestingError `TEST_INVALID` for an action that a shared runtime doesn't have */
function checkIsKnown({insides}: Woltage, action: Action, isShared: boolean): void {
    if (isShared && insides.actions.get(action.name) !== action)
        throw new TestingError(`This runtime has no action '${action.name}', or another one of that name. Add it to its \`actions\`.`);
}

async function play(player: Player, action: Action, triggering: Triggering): Promise<ActionVerdict> {
    const {woltage, settled} = player;
    const {name} = action;
    await settled();
    const known = new Set((await woltage.insides.events()).map(({event}) => event.id));
    const letters = new Set((await woltage.getFailedActions({action: name})).map(({id}) => id));
    const [runsBefore, publishedBefore] = [player.runs.length, player.published.length];
    const refused = await pull(player, action, triggering, known);
    await settled({advance: true});
    const runs = player.runs.slice(runsBefore).filter(run => run.action === name);
    const failed = refused ?? await failureOf(woltage, name, letters, runs);
    const events = (await woltage.insides.events()).map(({event}) => event).filter(({id}) => !known.has(id));
    const published = distinct(player.published.slice(publishedBefore));
    return {
        events, failed, published, result: runs.findLast(run => run.failed === undefined)?.result, isPrepared: action.options.onFinalFailure !== undefined,
        beside: besideOf(runs, published)
    };
}

/** Triggers the action. @returns What it was refused with, or what a call has failed with */
async function pull({woltage}: Player, action: Action, triggering: Triggering, known: Set<string>): Promise<{readonly error: unknown} | undefined> {
    try {
        switch (triggering.by) {
            case 'event': {
                const placed = placeEvents(woltage, [{events: [triggering.event]}]);
                known.add(triggering.event.id);
                await woltage.insides.record(placed);
                break;
            }
            case 'message':
                await woltage.insides.triggerAction(action.name, {by: 'message', message: await messageOf(action, triggering, woltage)});
                break;
            case 'time':
                await woltage.insides.triggerAction(action.name, {by: 'schedule', scheduledFor: triggering.scheduledFor.getTime()});
                break;
            case 'call':
                await call(woltage, action, triggering);
        }
        return undefined;
    } catch (error) {
        return {error};
    }
}

/** @throws ValidationError when the value doesn't match the schemas of trigger and action: production has it in the dead-letter topic then */
async function messageOf(action: Action, {topic, message, key = null, headers = {}}: Extract<Triggering, {by: 'message'}>, {insides}: Woltage) {
    const sent = JSON.parse(JSON.stringify(message ?? null)) as unknown;
    const value = await valid(triggersOf(action, 'message').find(trigger => trigger.topic === topic)?.schema, sent, `The message of topic '${topic}'`);
    await valid(action.options.input, value, `Input of action '${action.name}'`);
    return {topic, partition: 0, offset: 0n, key, headers, value, timestamp: insides.now()};
}

async function valid(schema: ActionOptions['input'], value: unknown, what: string): Promise<unknown> {
    const result = schema === undefined ? {value} : await schema['~standard'].validate(value);
    if (result.issues !== undefined)
        throw new ValidationError(what, result.issues.map(({message, path = []}) => ({message, path: path.map(toSegment)})));
    return result.value;
}

const toSegment = (segment: PropertyKey | {readonly key: PropertyKey}): string | number => {
    const key = typeof segment === 'object' ? segment.key : segment;
    return typeof key === 'symbol' ? String(key) : key;
};

async function call(woltage: Woltage, action: Action, {input, params = {}, query = {}, context = {}}: Extract<Triggering, {by: 'call'}>): Promise<void> {
    const [route] = triggersOf(action, 'http');
    const request: ActionRequest | undefined = route && {method: route.method, path: route.path, params, query, context};
    if (route?.answer === 'accepted')
        await woltage.enqueueAction(action.name, input, {request});
    else
        await woltage.executeAction(action.name, input, {request});
}

/** What the action has failed with for good. */
async function failureOf(woltage: Woltage, action: string, before: ReadonlySet<string>, runs: readonly ActionRun[]): Promise<{readonly error: unknown} | undefined> {
    const letter = (await woltage.getFailedActions({action})).find(({id}) => !before.has(id));
    if (letter === undefined)
        return undefined;
    const last = runs.findLast(run => run.id === letter.id)?.failed;
    // An attempt that was given up hasn't failed by itself.
    return last !== undefined && messageOfError(last.error) === letter.error.message ? last : {error: new WoltageError(letter.error.message, 500, {code: letter.error.code ?? 'FAILED'})};
}

const messageOfError = (error: unknown): string => error instanceof Error ? error.message : String(error);

/** A message that an attempt publishes again has the same id. */
function distinct(published: readonly PublishedMessage[]): readonly PublishedMessage[] {
    const ids = new Set<string>();
    return published.filter(({topic, headers: {'woltage-id': id}}) => {
        const isNew = id === undefined || !ids.has(`${topic} ${id}`);
        ids.add(`${topic} ${id}`);
        return isNew;
    });
}

function besideOf(runs: readonly ActionRun[], published: readonly PublishedMessage[]): NonNullable<Verdict['beside']> {
    const failures = runs.flatMap(({failed, attempt}) => failed === undefined ? [] : [`attempt ${attempt}: ${isWoltageError(failed.error) || failed.error instanceof Error ? printError(failed.error) : print(failed.error)}`]);
    return [['failed', failures], ['published', published.map(({topic, value}) => `${topic} ${print(value)}`)]];
}
