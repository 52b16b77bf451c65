import type {Aggregate, Event, PlacedEvent, Woltage} from 'woltage';
import {TestingError} from '../testing-error.ts';
import {copyTo, type GivenEvents} from './given-events.ts';

/** The aggregate id of events and commands that don't say theirs; a UUID, for schemas that want one. */
export const DEFAULT_AGGREGATE_ID = '00000000-0000-4000-8000-000000000001';

export interface Place {
    readonly aggregateName: string;
    readonly aggregateId: string;
}

/** Says where an event belongs, as far as it knows. */
export type PlaceOf = (event: Event) => Place | undefined;

/** What the events are for: a command's aggregate, or a decision that knows its streams. */
export interface Target {
    readonly aggregate?: Aggregate;
    readonly aggregateId?: string;
    readonly placeOf?: PlaceOf;
}

const handles = ({projector, reducers}: Aggregate, {type}: Event): boolean =>
    [...Object.keys(projector), ...reducers.keys()].some(identity => identity.slice(0, identity.lastIndexOf('@')) === type);

/** The place that an event's first tag names: `cart:42` is the aggregate `cart` with the id `42`. */
function placeOfTag(event: Event): Place | undefined {
    const {tags} = event.constructor as {readonly tags?: unknown};
    const list: unknown = typeof tags === 'function' ? (tags as (payload: unknown) => unknown)(event.payload) : tags;
    const [, aggregateName, aggregateId] = /^([^:]+):(.+)$/s.exec(Array.isArray(list) ? String(list[0]) : '') ?? [];
    return aggregateName === undefined || aggregateId === undefined ? undefined : {aggregateName, aggregateId};
}

/** The name of the aggregate that an event belongs to, as far as it can be told. */
function nameFor(event: Event, target: Target | undefined, aggregates: readonly Aggregate[]): string | undefined {
    if (target?.aggregate !== undefined && handles(target.aggregate, event))
        return target.aggregate.name;
    const owners = aggregates.filter(aggregate => handles(aggregate, event));
    if (owners.length > 1)
        throw new TestingError(`A given ${event.constructor.name} may belong to ${owners.map(({name}) => `'${name}'`).join(' or ')}. Say which: given([...]).and(aggregate, id, [events]).`);
    return owners[0]?.name;
}

/**
 * The given events, each at its aggregate: the one that it was given for; else the command's, or the only one that handles its type; else the one
 * that its first tag names.
 *
 * @throws TestingError `TEST_INVALID` where that can't be told
 */
export function placeEvents(woltage: Woltage, given: readonly GivenEvents[], target?: Target): readonly PlacedEvent[] {
    const aggregates = [...woltage.insides.aggregates.values()];
    return given.flatMap(({aggregate, aggregateId, events}) => events.map(event => {
        const tagged = target?.placeOf?.(event) ?? placeOfTag(event);
        const named = typeof aggregate === 'object' ? aggregate.name : aggregate;
        const aggregateName = named ?? nameFor(event, target, aggregates) ?? tagged?.aggregateName ?? fallbackName(event, target);
        return {aggregateName, event: copyTo(event, aggregateId ?? idFor(event, aggregateName, target, tagged))};
    }));
}

function idFor({aggregateId}: Event, aggregateName: string, target: Target | undefined, tagged: Place | undefined): string {
    if (aggregateId !== '')
        return aggregateId;
    if (target?.aggregateId !== undefined && target.aggregate?.name === aggregateName)
        return target.aggregateId;
    return tagged?.aggregateName === aggregateName ? tagged.aggregateId : DEFAULT_AGGREGATE_ID;
}

/** Of events whose aggregate nobody asks for: a projector doesn't care. */
const fallbackName = ({type}: Event, target: Target | undefined): string => target?.aggregate?.name ?? type.replace(/\..*$/s, '');

/**
 * The aggregate that a command is for: the one it names, else the only one of its kind among the given events.
 *
 * @throws TestingError `TEST_INVALID` where there are several
 */
export function targetIdOf(aggregate: Aggregate, given: readonly GivenEvents[], aggregateId: string | undefined): string {
    if (aggregateId !== undefined)
        return aggregateId;
    const isOurs = (owner: GivenEvents['aggregate'], event: Event): boolean => owner === undefined ? handles(aggregate, event) : owner === aggregate || owner === aggregate.name;
    const ids = new Set(given.flatMap(({aggregate: owner, aggregateId: id, events}) => events.filter(event => isOurs(owner, event)).map(event => id ?? event.aggregateId)));
    if (ids.size > 1)
        throw new TestingError(`The given events are of several aggregates '${aggregate.name}': ${[...ids].map(id => id || '(no id)').join(', ')}. `
            + 'Say which one the command is for: .when(command, payload, {aggregateId}).');
    return [...ids][0] || DEFAULT_AGGREGATE_ID;
}
