import type {RequestHandler, Router} from 'express';
import {ForbiddenError, NotFoundError, ValidationError, z, type Projection, type Woltage} from 'woltage';
import type {ReadBody} from './body.ts';
import {handle, type Answer, type Fail} from './failures.ts';
import {sendJson} from './json.ts';
import type {RouterOptions} from './options.ts';
import {parameter} from './parameter.ts';
import {parseQuery} from './query-string.ts';

const version = z.int().positive();
const addition = z.strictObject({name: z.string(), version, projectorName: z.string(), projectorVersion: version, storeName: z.string()});
const activation = z.strictObject({force: z.boolean().default(false)});
const skipping = z.strictObject({eventId: z.string()});
const flag = z.enum(['true', 'false']).default('false').transform(text => text === 'true');
const removal = z.strictObject({force: flag, deleteData: flag});

export interface AdminDependencies {
    readonly woltage: Woltage;
    readonly admin: NonNullable<RouterOptions['admin']>;
    readonly readBody: ReadBody;
    readonly fail: Fail;
}

/** Adds the routes that list, add, switch, mend and remove versions of projections. Each asks `admin` first. */
export function addAdminRoutes(router: Router, {woltage, admin, readBody, fail}: AdminDependencies): void {
    // Route by route, so that a read model or an aggregate may be called 'projections' and none of the paths is forgotten.
    const guarded = guard(admin, fail, 'Projections are for administrators.');
    const show = (name: string, version: number): Projection => {
        const projection = woltage.getProjection(name, version);
        if (projection === undefined)
            throw new NotFoundError(`There is no projection '${name}@${version}'.`, {code: 'UNKNOWN_PROJECTION'});
        return projection;
    };
    /** For the routes of one version. */
    const ofVersion = (answer: (name: string, version: number, ...rest: Parameters<Answer>) => Promise<void>): RequestHandler =>
        guarded((req, res) => answer(parameter(req, 'name'), versionOf(parameter(req, 'version')), req, res));

    router.get('/projections', guarded(async (_req, res) => sendJson(res, Object.values(woltage.getProjections()))));
    router.post('/projections', guarded(async (req, res) => {
        const {name, version, projectorName, projectorVersion, storeName} = parse(addition, await readBody(req, res), 'The body');
        await woltage.addProjection(name, version, projectorName, projectorVersion, storeName);
        sendJson(res, show(name, version), 201);
    }));
    router.get('/projections/:name/:version', ofVersion(async (name, version, _req, res) => sendJson(res, show(name, version))));
    router.post('/projections/:name/:version/activate', ofVersion(async (name, version, req, res) => {
        const {force} = parse(activation, await readBody(req, res), 'The body');
        await woltage.setProjectionActive(name, version, force);
        sendJson(res, show(name, version));
    }));
    router.post('/projections/:name/:version/retry', ofVersion(async (name, version, _req, res) => {
        await woltage.retryProjection(name, version);
        sendJson(res, show(name, version));
    }));
    router.post('/projections/:name/:version/skip', ofVersion(async (name, version, req, res) => {
        const {eventId} = parse(skipping, await readBody(req, res), 'The body');
        await woltage.skipEvent(name, version, eventId);
        sendJson(res, show(name, version));
    }));
    router.get('/projections/:name/:version/dead-letters', ofVersion(async (name, version, _req, res) => sendJson(res, await woltage.getDeadLetters(name, version))));
    router.post('/projections/:name/:version/dead-letters/:eventId/retry', ofVersion(async (name, version, req, res) =>
        sendJson(res, await woltage.retryDeadLetter(name, version, parameter(req, 'eventId')))));
    router.delete('/projections/:name/:version/dead-letters/:eventId', ofVersion(async (name, version, req, res) =>
        sendJson(res, await woltage.discardDeadLetter(name, version, parameter(req, 'eventId')))));
    router.delete('/projections/:name/:version', ofVersion(async (name, version, req, res) => {
        await woltage.removeProjection(name, version, parse(removal, parseQuery(req.url), 'The query string'));
        sendJson(res, undefined);
    }));
}

/** Lets administrators alone through. */
export const guard = (admin: AdminDependencies['admin'], fail: Fail, refusal: string) => (answer: Answer): RequestHandler => handle(async (req, res) => {
    if (await admin(req) !== true || res.headersSent)
        throw new ForbiddenError(refusal);
    await answer(req, res);
}, fail);

/** @throws NotFoundError `UNKNOWN_PROJECTION` for what can't be a version */
function versionOf(text: string): number {
    if (!/^[1-9]\d*$/.test(text))
        throw new NotFoundError('A projection\'s version is a whole number from 1.', {code: 'UNKNOWN_PROJECTION'});
    return Number(text);
}

/** @throws ValidationError `VALIDATION_FAILED` */
export function parse<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
    const result = schema.safeParse(value);
    if (!result.success)
        throw new ValidationError(what, result.error.issues.map(({path, message}) => ({path: path.map(segment => typeof segment === 'symbol' ? String(segment) : segment), message})));
    return result.data;
}
