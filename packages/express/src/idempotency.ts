import {createHash} from 'node:crypto';
import type {Request} from 'express';
import {BadRequestError} from 'woltage';
import type {Settings} from './settings.ts';

const HEADER = 'Idempotency-Key';
const MAX_LENGTH = 256;

/**
 * The key that a request is executed once for: the caller's own, among those of the same caller.
 *
 * @throws BadRequestError `INVALID_IDEMPOTENCY_KEY`
 */
export async function idempotencyKeyOf(req: Request, {idempotencyScope}: Settings): Promise<string | undefined> {
    const key = req.get(HEADER);
    if (key === undefined)
        return undefined;
    if (key === '' || key.length > MAX_LENGTH)
        throw new BadRequestError(`The header ${HEADER} must be a text of 1 to ${MAX_LENGTH} characters.`, {code: 'INVALID_IDEMPOTENCY_KEY'});
    const scope = idempotencyScope === undefined ? req.get('Authorization') ?? '' : await idempotencyScope(req);
    return createHash('sha256').update(JSON.stringify([scope, key])).digest('base64url');
}

/** Who sends a key relies on it: it is never ignored in silence. @throws BadRequestError `IDEMPOTENCY_UNSUPPORTED` */
export function refuseIdempotencyKey(req: Request): void {
    if (req.get(HEADER) !== undefined)
        throw new BadRequestError(`Decisions don't take the header ${HEADER}: let the decision itself find out whether it has been made.`, {code: 'IDEMPOTENCY_UNSUPPORTED'});
}
