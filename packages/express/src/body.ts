import express, {type RequestHandler} from 'express';
import {BadRequestError, WoltageError} from 'woltage';

/**
 * Parses a JSON body, unless the application has done so. No body at all is the payload `{}`, so that a command without
 * fields can be sent without one.
 */
export function jsonBody(limit: number | string): RequestHandler {
    const parse = express.json({limit, strict: false});
    return (req, res, next) => {
        if ((req as {readonly body?: unknown}).body !== undefined) {
            next();
            return;
        }
        const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
        if (hasBody && !req.is(['json', '+json'])) {
            next(new WoltageError('A command\'s payload is sent as application/json.', 415, {code: 'UNSUPPORTED_MEDIA_TYPE'}));
            return;
        }
        parse(req, res, next);
    };
}

/** The query string as plain strings; a name that occurs several times gives a list. */
export function parseQuery(url: string): Record<string, string | string[]> {
    const at = url.indexOf('?');
    const query: Record<string, string | string[]> = {};
    if (at < 0)
        return query;
    for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
        const before = Object.hasOwn(query, name) ? query[name] : undefined;
        const merged = before === undefined ? value : [before, value].flat();
        // Defined, not assigned, for a field may be called __proto__.
        Object.defineProperty(query, name, {value: merged, writable: true, enumerable: true, configurable: true});
    }
    return query;
}

/** The position that a query waits for. @throws BadRequestError `INVALID_POSITION` */
export function parseAfter(header: string | undefined): bigint | undefined {
    if (header === undefined)
        return undefined;
    if (!/^-?\d{1,19}$/.test(header))
        throw new BadRequestError('The header Woltage-After must be a position, as a command answered it in Woltage-Position.', {code: 'INVALID_POSITION'});
    return BigInt(header);
}

/** JSON in which a bigint is its digits as a string. */
export const toJson = (value: unknown): string =>
    JSON.stringify(value, (_key, item: unknown) => typeof item === 'bigint' ? item.toString() : item);
