import type {Response} from 'express';

/** JSON in which a bigint is its digits as a string and a Date its ISO form; undefined for what JSON has no form for. */
export const toJson = (value: unknown): string | undefined =>
    JSON.stringify(value, (_key, item: unknown) => typeof item === 'bigint' ? item.toString() : item);

/** Answers with JSON, or with 204 where there is nothing. No cache that several people share may keep it. */
export function sendJson(res: Response, value: unknown, status = 200): void {
    const json = toJson(value);
    if (res.get('Cache-Control') === undefined)
        res.set('Cache-Control', 'private, no-cache');
    if (json === undefined)
        res.status(204).end();
    else
        res.status(status).type('json').send(json);
}
