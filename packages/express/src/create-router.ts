import {Router, type ErrorRequestHandler} from 'express';
import type {Woltage} from 'woltage';
import {addActionRoutes} from './actions.ts';
import {addWorkRoutes} from './admin-work.ts';
import {addAdminRoutes} from './admin.ts';
import {createReadBody} from './body.ts';
import {decide, executeCommand, executeQuery} from './execute.ts';
import {createFail, handle} from './failures.ts';
import type {RouterOptions} from './options.ts';
import {settingsOf} from './settings.ts';

/**
 * Creates the generic router, for Express 5 and 4.21.
 *
 * - `POST /:aggregateName/:aggregateId/:commandName` executes a command with the JSON body as its payload (`{}` without a body).
 * - `POST /decisions/:decisionName` decides, with the JSON body as input (`{}` without a body).
 * - `GET /:readModelName/:handlerName` asks a read model with the query string as its query.
 * - What actions ask for by `onHttp` runs them: before commands and queries of the same path, behind all others.
 * - `/projections...` administers projections, `/failed-actions...`, `/failed-commands...` and `/failed-effects...` what has failed for good, and `/scheduled-commands...` what waits, where `admin` is given.
 *
 * A command or an action with the header `Idempotency-Key` is executed once, however often its caller (`idempotencyScope`) sends it.
 * A command or a decision answers with the header `Woltage-Position`; a query that sends it back as `Woltage-After` sees what the command wrote.
 * Within these shapes, unknown names are 404. Everything else is passed on to the application, other methods too.
 * Errors are problem documents (RFC 9457) with a stable `code`; of unknown errors nothing is told.
 *
 * @throws ConfigError `CONFIG_INVALID` when an option is unknown or of the wrong kind, or an action asks for a route that is the router's own
 * @example
 * const app = express();
 * app.use('/api', createRouter(woltage, {
 *     authorize: ({req}) => isLoggedIn(req),
 *     admin: req => isAdministrator(req),
 *     context: req => ({userId: userOf(req)}),
 *     logger: pino()
 * }));
 */
export function createRouter(woltage: Woltage, options: RouterOptions = {}): Router {
    const settings = settingsOf(woltage, options);
    const router = Router();
    const fail = createFail(settings);
    const readBody = createReadBody(settings.bodyLimit);

    if (settings.admin !== undefined) {
        const dependencies = {woltage, admin: settings.admin, readBody, fail};
        addAdminRoutes(router, dependencies);
        addWorkRoutes(router, dependencies);
    }
    router.post('/decisions/:decisionName', handle(decide(woltage, settings, readBody), fail));
    addActionRoutes(router, {woltage, settings, readBody, fail});
    router.post('/:aggregateName/:aggregateId/:commandName', handle(executeCommand(woltage, settings, readBody), fail));
    router.get('/:readModelName/:handlerName', handle(executeQuery(woltage, settings), fail));
    // What Express itself throws: a path that it can't decode.
    router.use(((error: unknown, req, res, _next) => fail(error, req, res)) satisfies ErrorRequestHandler);
    return router;
}
