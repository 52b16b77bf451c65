import {BadRequestError, ConflictError} from '../errors/index.ts';
import {isTag, MAX_TAG_LENGTH, type EventData} from '../events/index.ts';
import type {EventCriterion, EventQuery} from './event-store.ts';

const isType = (type: unknown): boolean => typeof type === 'string' && type !== '' && !/[\0\p{Surrogate}]/u.test(type);

/**
 * A query as adapters work with it: a copy that its caller can't change any more, each type and tag once.
 *
 * @throws BadRequestError `INVALID_QUERY` when it isn't a list of criteria, or one of its lists is empty or holds something else than types or tags
 */
export function checkEventQuery(query: EventQuery): EventQuery {
    if (!Array.isArray(query) || query.length === 0)
        throw invalid('it must be a list of at least one {types?, tags?}');
    return query.map((criterion: unknown) => {
        if (typeof criterion !== 'object' || criterion === null || Array.isArray(criterion))
            throw invalid('each criterion must be {types?, tags?}');
        const unknown = Object.keys(criterion).find(key => key !== 'types' && key !== 'tags');
        if (unknown !== undefined)
            throw invalid(`'${unknown}' is no property of a criterion, which is {types?, tags?}`);
        const {types, tags} = criterion as EventCriterion;
        return {
            types: checkList('types', types, isType, 'event types'),
            tags: checkList('tags', tags, isTag, `tags, strings of 1 to ${MAX_TAG_LENGTH} characters of well-formed Unicode`)
        };
    });
}

function checkList(property: string, list: unknown, isValid: (item: unknown) => boolean, of: string): readonly string[] | undefined {
    if (list === undefined)
        return undefined;
    if (!Array.isArray(list) || list.length === 0 || !list.every(isValid))
        throw invalid(`'${property}' must be left out, or be a list of ${of}, with at least one`);
    return [...new Set(list as string[])];
}

const invalid = (why: string): BadRequestError => new BadRequestError(`A query of events is invalid: ${why}.`, {code: 'INVALID_QUERY'});

/** True when the event meets one of the criteria. */
export const matchesEventQuery = (query: EventQuery, event: Pick<EventData, 'type' | 'tags'>): boolean =>
    query.some(criterion => matchesCriterion(criterion, event));

export const matchesCriterion = ({types, tags}: EventCriterion, event: Pick<EventData, 'type' | 'tags'>): boolean =>
    types?.includes(event.type) !== false && tags?.every(tag => event.tags.includes(tag)) !== false;

/** What an append throws whose condition isn't met. */
export const conditionFailed = (): ConflictError =>
    new ConflictError('An event has come that the append must not follow: the decision has to be made anew.', {code: 'CONDITION_FAILED'});
