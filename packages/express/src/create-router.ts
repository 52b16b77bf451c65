import {Router, type ErrorRequestHandler, type Request} from 'express';
import {ForbiddenError, type Woltage} from 'woltage';
import {adminRoutes} from './admin.ts';
import {jsonBody, parseAfter, parseQuery, toJson} from './body.ts';
import type {Access, RouterOptions} from './options.ts';
import {toProblem} from './problem.ts';

/**
 * Creates the generic router.
 *
 * - `POST /:aggregateName/:aggregateId/:commandName` executes a command with the JSON body as its payload.
 * - `GET /:readModelName/:handlerName` asks a read model with the query string as its query.
 * - `/projections...` administers projections, where `admin` is given.
 *
 * A command answers with the header `Woltage-Position`; a query that sends it back as `Woltage-After` sees what the command wrote.
 * Errors are problem documents (RFC 9457) with a stable `code`.
 *
 * @example
 * const app = express();
 * app.use('/api', createRouter(woltage, {
 *     authorize: ({req}) => isLoggedIn(req),
 *     admin: req => isAdministrator(req)
 * }));
 */
export function createRouter(woltage: Woltage, options: RouterOptions = {}): Router {
    const {authorize, admin, context, bodyLimit = '100kb', waitTimeoutMs = 5000} = options;
    const router = Router();
    const body = jsonBody(bodyLimit);
    const check = async (access: Access): Promise<void> => {
        if (await authorize?.(access) === false)
            throw new ForbiddenError();
    };
    const contextOf = async (req: Request): Promise<object> => await context?.(req) ?? {};

    if (admin !== undefined)
        router.use(adminRoutes(woltage, admin, body));

    router.post('/:aggregateName/:aggregateId/:commandName', async (req, _res, next) => {
        const {aggregateName, aggregateId, commandName} = commandOf(req);
        // Before the body is read: nobody's large body is taken in before it is known whether they may send it.
        await check({kind: 'command', aggregateName, aggregateId, commandName, req});
        next();
    }, body, async (req, res) => {
        const {aggregateName, aggregateId, commandName} = commandOf(req);
        const {revision, position, events} = await woltage.executeCommand(
            aggregateName, aggregateId, commandName, req.body ?? {}, await contextOf(req)
        );
        res.set('Woltage-Position', position.toString()).type('json').send(toJson({
            revision, position, events: events.map(({id, type, version}) => ({id, type, version}))
        }));
    });

    router.get('/:readModelName/:handlerName', async (req, res) => {
        const {readModelName, handlerName} = req.params;
        await check({kind: 'query', readModelName, handlerName, req});
        const after = parseAfter(req.get('Woltage-After'));
        const result = await woltage.executeQuery(
            readModelName, handlerName, parseQuery(req.url), await contextOf(req), {after, timeoutMs: waitTimeoutMs}
        );
        if (result === undefined)
            res.status(204).end();
        else
            res.type('json').send(toJson(result));
    });

    router.use(problemHandler(options));
    return router;
}

function commandOf({params}: Request): {readonly aggregateName: string; readonly aggregateId: string; readonly commandName: string} {
    const {aggregateName, aggregateId, commandName} = params as Record<string, string>;
    return {aggregateName: aggregateName ?? '', aggregateId: aggregateId ?? '', commandName: commandName ?? ''};
}

/** Answers errors with problem documents. */
function problemHandler({onError}: RouterOptions): ErrorRequestHandler {
    return (error, req, res, next) => {
        const problem = toProblem(error);
        if (problem.status >= 500)
            onError?.(error, req);
        if (res.headersSent) {
            next(error);
            return;
        }
        // What is left of a refused body is not waited for.
        if (problem.status === 413 || !req.complete)
            res.set('Connection', 'close');
        res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
    };
}
