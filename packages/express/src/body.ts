import {isUtf8} from 'node:buffer';
import express, {type Request, type Response} from 'express';
import {BadRequestError, WoltageError} from 'woltage';

/** Reads the JSON body of a request: any JSON value; `{}` where there is no body, so that a command without fields needs none. */
export type ReadBody = (req: Request, res: Response) => Promise<unknown>;

/**
 * The body is `req.body` where the application has parsed it, in any case one that was sent as JSON. At most `limit` bytes are kept.
 *
 * @throws BadRequestError `INVALID_JSON`, `BAD_REQUEST` for one that breaks off or can't be unpacked
 * @throws WoltageError 413 `PAYLOAD_TOO_LARGE`, 415 `UNSUPPORTED_MEDIA_TYPE`
 */
export function createReadBody(limit: number): ReadBody {
    // What the content type must be is decided here, so that no body is ever passed over as if there were none.
    const parse = express.json({limit, strict: false, type: () => true, verify: checkText});
    return async (req, res) => {
        if (hasBody(req) && req.is(['json', '+json']) === false)
            throw new WoltageError('The body must be JSON, with a content type such as application/json.', 415, {code: 'UNSUPPORTED_MEDIA_TYPE'});
        if (bodyOf(req) === undefined && hasBody(req)) {
            if (Number(req.headers['content-length'] ?? 0) > limit)
                throw tooLarge(limit);
            await read(req, res, parse, limit);
        }
        const body = bodyOf(req);
        return body === undefined ? {} : body;
    };
}

/** Decoders put another character in the place of what is no UTF-8, without a word. */
function checkText(_req: unknown, _res: unknown, body: Buffer, charset: string): void {
    if (/^utf-?8$/i.test(charset) && !isUtf8(body))
        throw new Error('The body is not valid UTF-8.');
}

const bodyOf = (req: Request): unknown => req.body;

const hasBody = ({headers}: Request): boolean => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

async function read(req: Request, res: Response, parse: ReturnType<typeof express.json>, limit: number): Promise<void> {
    let size = 0;
    let count: ((chunk: Buffer) => void) | undefined;
    try {
        await new Promise<void>((resolve, reject) => {
            // The parser keeps no more than the limit either, but answers only when the client has sent everything.
            count = chunk => {
                size += chunk.length;
                if (size > limit)
                    reject(tooLarge(limit));
            };
            req.on('data', count);
            parse(req, res, (error?: unknown) => error === undefined ? resolve() : reject(toBodyError(error, limit)));
        });
    } finally {
        if (count !== undefined)
            req.off('data', count);
    }
}

const tooLarge = (limit: number): WoltageError =>
    new WoltageError(`The body is larger than ${limit} bytes.`, 413, {code: 'PAYLOAD_TOO_LARGE'});

/** The parser's error as one of ours. Its own message may quote the body. */
function toBodyError(error: unknown, limit: number): unknown {
    const {type, status} = error as {readonly type?: unknown; readonly status?: unknown};
    if (type === 'entity.verify.failed')
        return new BadRequestError('The body is not valid UTF-8.', {code: 'INVALID_JSON', cause: error});
    if (type === 'entity.parse.failed')
        return new BadRequestError('The body is not valid JSON.', {code: 'INVALID_JSON', cause: error});
    if (status === 413)
        return tooLarge(limit);
    if (status === 415)
        return new WoltageError('The body\'s charset or content encoding is not supported: JSON is UTF-8, plain or as gzip, deflate or br.', 415,
            {code: 'UNSUPPORTED_MEDIA_TYPE', cause: error});
    if (typeof status === 'number' && status >= 400 && status < 500)
        return new BadRequestError('The body broke off or could not be unpacked.', {cause: error});
    return error;
}
