import type {Request, Response, Router} from 'express';
import {BadRequestError, ConfigError, copyStorable, type ActionRoute, type Woltage} from 'woltage';
import {authorize, contextOf} from './access.ts';
import type {ReadBody} from './body.ts';
import {handle, type Answer, type Fail} from './failures.ts';
import {idempotencyKeyOf} from './idempotency.ts';
import {sendJson} from './json.ts';
import {parameter} from './parameter.ts';
import {parseQuery} from './query-string.ts';
import type {Settings} from './settings.ts';

export interface ActionDependencies {
    readonly woltage: Woltage;
    readonly settings: Settings;
    readonly readBody: ReadBody;
    readonly fail: Fail;
}

/** As for everything that is stored. */
const MAX_DEPTH = 200;

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/**
 * Adds the routes that actions ask for by `onHttp`, behind those that the router has already.
 *
 * @throws ConfigError `CONFIG_INVALID` for one that would never be reached, behind these
 */
export function addActionRoutes(router: Router, {woltage, settings, readBody, fail}: ActionDependencies): void {
    const own = routesOf(router);
    for (const route of [...woltage.actionRoutes].sort(literalFirst)) {
        const {action, trigger: {method, path}} = route;
        const taken = own.find(other => other.methods.has(method) && covers(other.path, path));
        if (taken !== undefined)
            throw new ConfigError(`createRouter can't work like this: action '${action.name}' would never hear of ${method} ${path}, which is the router's own route ${taken.path}. Give it another path.`);
        router[method.toLowerCase() as Method](path, handle(answerOf(route, woltage, settings, readBody), fail));
    }
}

/** `/documents/recent` before `/documents/:id`, in whatever order (of files, for instance) the actions come. */
const literalFirst = (a: ActionRoute, b: ActionRoute): number => {
    const [ours, theirs] = [a, b].map(({trigger: {path}}) => path.split('/').map(segment => segment.startsWith(':') ? '1' : '0').join('')) as [string, string];
    return ours < theirs ? -1 : Number(ours > theirs);
};

function answerOf({action, trigger: {method, path, answer}}: ActionRoute, woltage: Woltage, settings: Settings, readBody: ReadBody): Answer {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string);
    const hasBody = method !== 'GET' && method !== 'DELETE';
    const inputOf = async (req: Request, res: Response, params: Readonly<Record<string, string>>): Promise<unknown> => {
        const sent = hasBody ? await readBody(req, res) : parseQuery(req.url);
        if (isDeeper(sent, MAX_DEPTH))
            throw new BadRequestError(`The body is nested deeper than ${MAX_DEPTH} levels.`, {code: 'NOT_ENCODABLE'});
        if (names.length === 0)
            return sent;
        if (typeof sent !== 'object' || sent === null || Array.isArray(sent))
            throw new BadRequestError('The body must be a JSON object.', {code: 'BODY_NOT_OBJECT'});
        return {...sent, ...params};
    };
    return async (req, res) => {
        await authorize(settings, {kind: 'action', actionName: action.name, method, path, req});
        const idempotencyKey = await idempotencyKeyOf(req, settings);
        // Object.fromEntries and spreading define properties instead of assigning them: `__proto__` is a name like any other.
        const params = Object.fromEntries(names.map(name => [name, parameter(req, name)]));
        const input = await inputOf(req, res, params);
        const context = await contextOf(settings, req) as Readonly<Record<string, unknown>>;
        const call = {idempotencyKey, request: {method, path, params, query: parseQuery(req.url), context}};
        if (answer === 'result')
            return sendJson(res, await woltage.executeAction(action, input, call));
        checkKept(context);
        sendJson(res, {id: await woltage.enqueueAction(action, input, call)}, 202);
    };
}

/** No fault of who asks. @throws ConfigError `CONTEXT_NOT_PLAIN` */
function checkKept(context: object): void {
    try {
        copyStorable(context);
    } catch (cause) {
        throw new ConfigError(`The router's 'context' must be plain data for actions that answer 'accepted', where it is kept with the work: ${(cause as Error).message}`, {code: 'CONTEXT_NOT_PLAIN', cause});
    }
}

/** What is nested deep enough overflows the stack of whoever looks into it. */
const isDeeper = (value: unknown, levels: number): boolean =>
    typeof value === 'object' && value !== null && (levels === 0 || Object.values(value).some(item => isDeeper(item, levels - 1)));

interface OwnRoute {
    readonly path: string;
    readonly methods: ReadonlySet<string>;
}

/** The routes that a router has, in Express 5 as in Express 4. */
const routesOf = (router: Router): readonly OwnRoute[] => router.stack.flatMap(({route}) => route === undefined ? [] : [{
    path: route.path, methods: new Set(route.stack.map(({method}) => method.toUpperCase()))
}]);

/** Whether a route gets all requests of another, which comes behind it. Express takes upper for lower case. */
function covers(own: string, other: string): boolean {
    const [ours, theirs] = [own, other].map(path => path.toLowerCase().split('/')) as [string[], string[]];
    return ours.length === theirs.length && ours.every((segment, i) => segment.startsWith(':') || segment === theirs[i]);
}
