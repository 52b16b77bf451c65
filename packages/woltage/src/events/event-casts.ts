import {WoltageError} from '../errors/index.ts';
import {cloneData} from '../shared/data.ts';
import {agree, automaticCast, CastRefusal, type Direction} from './automatic-cast.ts';
import type {EventClass} from './event.ts';
import type {RecordedEvent} from './recorded-event.ts';
import {checkWritten, writtenCast} from './written-cast.ts';

/** From one version of a type to another. */
export interface Step {
    readonly from: number;
    readonly to: number;
    /** By a `static upcast` or `static downcast`. */
    readonly isWritten: boolean;
    /** @throws WoltageError when a written cast fails */
    readonly cast: (payload: unknown, record: RecordedEvent) => unknown;
}

/** A way from a recorded version to a handled one, or why there is none. */
export type Way = readonly Step[] | CastRefusal;

export interface Versions {
    get(type: string, version: number): EventClass | undefined;
    newest(type: string): number;
}

/**
 * The way from one version to another: version by version, each by what is written for it, else automatically. What leads over a version that isn't known here
 * is no way; an exception is the recorded version itself, and one that is newer than all that are known, which is read as the newest.
 */
export function findWay(versions: Versions, type: string, from: number, to: number): Way {
    const direction = from < to ? 'up' : 'down';
    const steps: Step[] = [];
    for (let at = from; at !== to;) {
        const next = nextVersion(versions, type, at, direction);
        const target = versions.get(type, next);
        if (target === undefined)
            return new CastRefusal(`version ${next}, which lies between, is not known here`);
        steps.push(createStep(versions.get(type, at), target, at, direction));
        at = next;
    }
    return steps;
}

function nextVersion(versions: Versions, type: string, at: number, direction: Direction): number {
    const newest = versions.newest(type);
    return direction === 'up' ? at + 1 : at > newest ? newest : at - 1;
}

function createStep(source: EventClass | undefined, target: EventClass, from: number, direction: Direction): Step {
    const to = target.version;
    const newer = direction === 'up' ? target : source;
    const written = writtenCast(newer, direction);
    if (written !== undefined) {
        const check = checkWritten(target, direction);
        return {from, to, isWritten: true, cast: (payload, record) => check(written(payload, record, from, to), record, from)};
    }
    const automatic = automaticCast(source?.schema, target.schema, direction);
    const back = writtenCast(newer, direction === 'up' ? 'down' : 'up');
    if (back === undefined)
        return {from, to, isWritten: false, cast: automatic};
    return {from, to, isWritten: false, cast: (payload, record) => confirmed(automatic(payload), result => back(result, record, to, from), direction)};
}

/** A cast over a step that is written the other way round is taken only where that way back leaves the values of fields that stay as they are. */
function confirmed(result: unknown, back: (result: unknown) => unknown, direction: Direction): unknown {
    if (result instanceof CastRefusal)
        return result;
    try {
        if (agree(back(cloneData(result)), result))
            return result;
    } catch (error) {
        if (!(error instanceof WoltageError))
            throw error;
    }
    const [written, missing] = direction === 'up' ? ['downcast', 'upcast'] : ['upcast', 'downcast'];
    return new CastRefusal(`the step has a \`static ${written}\` that shows that values change, and no \`static ${missing}\``);
}

/** Takes a payload all the way. */
export function follow(steps: readonly Step[], payload: unknown, record: RecordedEvent): unknown {
    let current = payload;
    for (const step of steps) {
        const result = step.cast(current, record);
        if (result instanceof CastRefusal)
            return new CastRefusal(`from version ${step.from} to ${step.to}: ${result.reason}`);
        current = result;
    }
    return current;
}
