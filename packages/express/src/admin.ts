import {Router, type RequestHandler} from 'express';
import {BadRequestError, ForbiddenError, NotFoundError, z, type Woltage} from 'woltage';
import {toJson} from './body.ts';
import type {RouterOptions} from './options.ts';

const addition = z.strictObject({
    name: z.string(),
    version: z.int().positive(),
    projectorName: z.string(),
    projectorVersion: z.int().positive(),
    storeName: z.string()
});
const activation = z.strictObject({force: z.boolean().default(false)});

/** Routes that list, add, switch and remove versions of projections. */
export function adminRoutes(woltage: Woltage, admin: NonNullable<RouterOptions['admin']>, body: RequestHandler): Router {
    const router = Router();
    const show = (name: string, version: number): string => {
        const projection = woltage.getProjection(name, version);
        if (projection === undefined)
            throw new NotFoundError(`There is no projection '${name}@${version}'.`, {code: 'UNKNOWN_PROJECTION'});
        return toJson(projection);
    };

    router.use('/projections', async (req, _res, next) => {
        if (await admin(req) !== true)
            throw new ForbiddenError('Projections are for administrators.');
        next();
    });
    router.get('/projections', (_req, res) => {
        res.type('json').send(toJson(Object.values(woltage.getProjections())));
    });
    router.post('/projections', body, async (req, res) => {
        const {name, version, projectorName, projectorVersion, storeName} = parse(addition, req.body);
        await woltage.addProjection(name, version, projectorName, projectorVersion, storeName);
        res.status(201).type('json').send(show(name, version));
    });
    router.get('/projections/:name/:version', (req, res) => {
        res.type('json').send(show(req.params.name, versionOf(req.params.version)));
    });
    router.post('/projections/:name/:version/activate', body, async (req, res) => {
        const {force} = parse(activation, req.body ?? {});
        await woltage.setProjectionActive(req.params['name'] as string, versionOf(req.params['version']), force);
        res.type('json').send(show(req.params['name'] as string, versionOf(req.params['version'])));
    });
    router.post('/projections/:name/:version/retry', async (req, res) => {
        await woltage.retryProjection(req.params.name, versionOf(req.params.version));
        res.type('json').send(show(req.params.name, versionOf(req.params.version)));
    });
    router.delete('/projections/:name/:version', async (req, res) => {
        const flag = (name: string): boolean => req.query[name] === 'true';
        await woltage.removeProjection(req.params.name, versionOf(req.params.version), {force: flag('force'), deleteData: flag('deleteData')});
        res.status(204).end();
    });
    return router;
}

function versionOf(text: unknown): number {
    if (typeof text !== 'string' || !/^[1-9]\d{0,8}$/.test(text))
        throw new NotFoundError('A projection\'s version is a whole number from 1.', {code: 'UNKNOWN_PROJECTION'});
    return Number(text);
}

function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
    const result = schema.safeParse(value);
    if (!result.success)
        throw new BadRequestError(`The body is invalid: ${z.prettifyError(result.error)}`, {code: 'VALIDATION_FAILED', details: {issues: result.error.issues}});
    return result.data;
}
