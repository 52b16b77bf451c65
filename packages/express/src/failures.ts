import {inspect} from 'node:util';
import type {Request, RequestHandler, Response} from 'express';
import {toProblem} from './problem.ts';
import type {Settings} from './settings.ts';

/** Answers a request, or throws what the answer is to say. */
export type Answer = (req: Request, res: Response) => Promise<void>;

/** Answers an error. Never throws. */
export type Fail = (error: unknown, req: Request, res: Response) => Promise<void>;

/** How long a client may go on sending a body after it was refused. Cut off at once, many would never see the answer. */
const LINGER_MS = 2000;

/**
 * Makes a route's handler of an answer. Errors don't go through Express's `next`: there, nothing, 'route' and 'router' are no
 * errors but mean "go on", and a hook that throws one of them would let a request through.
 */
export const handle = (answer: Answer, fail: Fail): RequestHandler =>
    (req, res) => answer(req, res).catch((error: unknown) => fail(error, req, res));

/** Answers errors with problem documents, and tells `logger` and `onError` of those on the server's side. */
export function createFail({onError, logger}: Settings): Fail {
    const report = async (error: unknown, req: Request): Promise<void> => {
        try {
            logger?.error({err: error, method: req.method, path: req.baseUrl + req.path}, 'A request failed');
            await onError?.(error, req);
        } catch (failure) {
            process.emitWarning('The logger or onError of a Woltage router failed.', {type: 'WoltageWarning', detail: inspect(failure)});
        }
    };
    return async (error, req, res) => {
        const problem = toProblem(error);
        if (!res.headersSent) {
            endConnectionOfUnread(req, res);
            res.status(problem.status).set('Cache-Control', 'no-store').type('application/problem+json').send(JSON.stringify(problem));
        } else if (!res.writableEnded) {
            // A hook has begun an answer of its own: cut short, it is not taken for a whole one.
            res.destroy();
        }
        if (problem.status >= 500)
            await report(error, req);
    };
}

/** After a refusal Node.js reads what is left of a body and drops it; here it gets an end. */
function endConnectionOfUnread(req: Request, res: Response): void {
    res.once('finish', () => {
        if (req.complete)
            return;
        const timer = setTimeout(() => req.socket.destroy(), LINGER_MS).unref();
        req.once('close', () => clearTimeout(timer));
    });
}
