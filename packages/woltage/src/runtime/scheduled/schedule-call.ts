import type {ScheduleOptions} from '../../context/index.ts';
import {BadRequestError} from '../../errors/index.ts';
import {deriveUuid} from '../../shared/uuid.ts';

const MAX_LENGTH = 256;
/** The end of the year 9999: the latest that databases and people read well, in ms since the Unix epoch. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const OPTIONS = new Set(['id', 'idempotencyKey']);

/** @returns ms since the Unix epoch. @throws BadRequestError `INVALID_DATE` */
export function executionTime(executeAt: unknown): number {
    const at = executeAt instanceof Date ? executeAt.getTime() : NaN;
    if (!(at <= LATEST))
        throw new BadRequestError('A command is scheduled for a valid Date, up to the year 9999: scheduleCommand(new Date(Date.now() + 60_000), ...).', {code: 'INVALID_DATE'});
    return at;
}

/**
 * The id that the options behind the other arguments give.
 *
 * @param own Where they give none
 * @throws BadRequestError `INVALID_TASK_ID`, `INVALID_IDEMPOTENCY_KEY`, `INVALID_OPTIONS`
 */
export async function idOfCall([options = {}, ...rest]: readonly unknown[], own: string | undefined): Promise<string | undefined> {
    if (rest.length > 0 || typeof options !== 'object' || options === null || !Object.keys(options).every(key => OPTIONS.has(key)))
        throw new BadRequestError('What stands behind the context of a scheduled command are its options: {id} or {idempotencyKey}.', {code: 'INVALID_OPTIONS'});
    const {id = own, idempotencyKey} = options as ScheduleOptions;
    if (id !== undefined && !isName(id))
        throw new BadRequestError(`The id of a scheduled command is a string of 1 to ${MAX_LENGTH} characters of well-formed Unicode, without NUL.`, {code: 'INVALID_TASK_ID'});
    if (idempotencyKey === undefined)
        return id;
    if (!isName(idempotencyKey))
        throw new BadRequestError(`An idempotency key is a string of 1 to ${MAX_LENGTH} characters.`, {code: 'INVALID_IDEMPOTENCY_KEY'});
    return (options as ScheduleOptions).id ?? deriveUuid('scheduled', idempotencyKey);
}

const isName = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH && !/\p{Surrogate}|\0/u.test(value);
