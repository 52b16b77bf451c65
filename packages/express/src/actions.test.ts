import {EventEmitter, once} from 'node:events';
import type {Server} from 'node:http';
import {afterEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {Action, Aggregate, ConflictError, defineEvent, delay, MemoryEventStore, MemoryStore, onHttp, ReadModel, z, type ActionRequest, type Woltage} from 'woltage';
import {problemOf, received, serveRouter} from '../test/support/serve.ts';
import type {Access, RouterOptions} from './index.ts';

const Noted = defineEvent('Noted', {schema: z.object({text: z.string()})});
const note = Aggregate.create('note', {$init: () => ({texts: [] as string[]})}).on(Noted, ({texts}, {payload}) => ({texts: [...texts, payload.text]}));
const take = note.registerCommand(z.object({text: z.string()}), (_state, payload) => new Noted({payload}), 'take');
const projection = Aggregate.create('projections', {$init: () => ({})});
projection.registerCommand(() => undefined, 'add');

class Notes extends ReadModel {
    readonly projectionName = 'none';

    all(): string {
        return 'by the read model';
    }
}

const apps: Woltage[] = [];
afterEach(async () => {
    for (const app of apps.splice(0))
        await app.stop();
});

async function serveActions(actions: readonly Action[], options?: RouterOptions) {
    const app = await createWoltage({
        eventStore: {adapter: MemoryEventStore}, internalStore: {adapter: MemoryStore}, eventClasses: [Noted], aggregates: [note, projection],
        projectorClasses: [], readModelClasses: [Notes], actions
    });
    apps.push(app);
    return {app, ...await serveRouter(app, options)};
}

/** Answers with its input and the request. */
const echo = (method: Parameters<typeof onHttp>[0], path: string, options?: Parameters<typeof onHttp>[2]): Action =>
    Action.create('echo', {on: onHttp(method, path, options), handler: (input, {request}) => ({input, request})});
interface Echo {
    readonly input: unknown;
    readonly request: ActionRequest;
}
const echoOf = async (response: Response): Promise<Echo> => {
    expect(response.status).toBe(200);
    return await response.json() as Echo;
};

describe('the input of an action', () => {
    it.each(['POST', 'PUT', 'PATCH'] as const)('is the body of %s, with the path\'s parameters', async method => {
        const {base} = await serveActions([echo(method, '/documents/:id/pages/:page')]);
        const response = await fetch(`${base}/documents/d-1/pages/2?q=1&q=2&id=other`, {method, headers: {'content-type': 'application/json'}, body: '{"id":"mine","text":"x"}'});
        expect(await echoOf(response)).toEqual({
            input: {id: 'd-1', page: '2', text: 'x'},
            request: {method, path: '/documents/:id/pages/:page', params: {id: 'd-1', page: '2'}, query: {q: ['1', '2'], id: 'other'}, context: {}}
        });
    });

    it.each(['GET', 'DELETE'] as const)('is the query of %s, with the path\'s parameters', async method => {
        const {base} = await serveActions([echo(method, '/documents/:id')]);
        expect((await echoOf(await fetch(`${base}/documents/d-1?q=1&q=2&id=other`, {method}))).input).toEqual({id: 'd-1', q: ['1', '2']});
    });

    it('is that of the action whose path says it in words, in whatever order they come', async () => {
        const named = (name: string, path: string): Action => Action.create(name, {on: onHttp('GET', path), handler: () => name});
        const {get} = await serveActions([named('byId', '/documents/:id'), named('recent', '/documents/recent'), named('pages', '/documents/:id/pages'), named('recentPages', '/documents/recent/pages')]);
        for (const [path, name] of [['7', 'byId'], ['recent', 'recent'], ['7/pages', 'pages'], ['recent/pages', 'recentPages']])
            expect(await (await get(`/documents/${path}`)).json()).toBe(name);
    });

    it.each(['[1]', '"text"', '5', 'false', '0', '""', 'null', '{}', '{"a":[{}]}'])('is the body %s as it is, where the path has no parameters', async body => {
        const {post} = await serveActions([echo('POST', '/echo')]);
        expect((await echoOf(await post('/echo', body))).input).toEqual(JSON.parse(body));
    });

    it.each(['[1]', '"text"', '5', 'false', '0', '""', 'null'])('can\'t be the body %s with parameters', async body => {
        const {post} = await serveActions([echo('POST', '/echo/:id')]);
        expect(await problemOf(await post('/echo/1', body))).toMatchObject({status: 400, code: 'BODY_NOT_OBJECT'});
    });

    it('is {} without a body', async () => {
        const {post} = await serveActions([echo('POST', '/echo')]);
        expect((await echoOf(await post('/echo'))).input).toEqual({});
    });

    it.each(['a%2Fb', '__proto__', 'constructor', '%00', '..%2f..%2fetc', '%F0%9F%92%A9', ':id', '*', 'a%3Fb%23c'])('takes the parameter %s as text', async id => {
        const {get} = await serveActions([echo('GET', '/documents/:id')]);
        expect((await echoOf(await get(`/documents/${id}`))).input).toEqual({id: decodeURIComponent(id)});
    });

    it('is what was sent, also under names of a prototype', async () => {
        const action = Action.create('names', {on: onHttp('POST', '/names/:constructor/:toString'), handler: input => Object.entries(input as object)});
        const {post} = await serveActions([action, echo('GET', '/echo')]);
        expect(await (await post('/names/a/b?__proto__=c', '{"__proto__":{"polluted":1},"hasOwnProperty":1}')).json()).toEqual([
            ['__proto__', {polluted: 1}], ['hasOwnProperty', 1], ['constructor', 'a'], ['toString', 'b']
        ]);
        expect(({} as {polluted?: unknown}).polluted).toBeUndefined();
    });

    it.each(['result', 'accepted'] as const)('is validated before anything is done (%s)', async answer => {
        const handler = vi.fn();
        const {post, app} = await serveActions([Action.create('strict', {on: onHttp('POST', '/strict', {answer}), input: z.object({n: z.number()}), handler})]);
        expect(await problemOf(await post('/strict', {n: 'one'}))).toMatchObject({status: 400, code: 'VALIDATION_FAILED', errors: [{path: 'n'}]});
        await delay(20);
        expect(handler).not.toHaveBeenCalled();
        expect(await app.getFailedActions()).toEqual([]);
    });

    it.each(['result', 'accepted'] as const)('that is nested too deep, too large, of another kind or no JSON is refused (%s)', async answer => {
        const {post, raw} = await serveActions([echo('POST', '/echo', {answer})], {bodyLimit: '100kb'});
        const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
        for (const headers of [{}, {'idempotency-key': 'k'}])
            expect(await problemOf(await post('/echo', deep, headers))).toMatchObject({status: 400, code: 'NOT_ENCODABLE'});
        expect(await problemOf(await post('/echo', JSON.stringify('x'.repeat(200_000))))).toMatchObject({status: 413, code: 'PAYLOAD_TOO_LARGE'});
        expect(await problemOf(await post('/echo', '{"a":'))).toMatchObject({status: 400, code: 'INVALID_JSON'});
        expect(await problemOf(await post('/echo', 'a=1', {'content-type': 'application/x-www-form-urlencoded'}))).toMatchObject({status: 415, code: 'UNSUPPORTED_MEDIA_TYPE'});
        const announced = raw('POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n');
        expect(await received(announced, 'PAYLOAD_TOO_LARGE')).toMatch(/^HTTP\/1\.1 413 /);
        expect((await post('/echo', '{}')).status).toBeLessThan(300);
    });
});

describe('the answer of an action', () => {
    const answering = (handler: () => unknown): Action => Action.create('answering', {on: onHttp('POST', '/answering'), handler});

    it.each([[{a: 1n, at: new Date(0)}, {a: '1', at: '1970-01-01T00:00:00.000Z'}], [null, null], [0, 0], ['', ''], [[], []]])('is what it returns: %o', async (result, json) => {
        const {post} = await serveActions([answering(() => result)]);
        const response = await post('/answering');
        expect([response.status, await response.json()]).toEqual([200, json]);
        expect(response.headers.get('cache-control')).toBe('private, no-cache');
    });

    it('is 204 where that is nothing', async () => {
        const {post} = await serveActions([answering(() => undefined)]);
        for (const headers of [{}, {'idempotency-key': 'k'}, {'idempotency-key': 'k'}]) {
            const response = await post('/answering', {}, headers);
            expect([response.status, await response.text()]).toEqual([204, '']);
        }
    });

    it('is a problem where it fails, of which only a Woltage error tells', async () => {
        const errors: unknown[] = [];
        let error: unknown = new ConflictError('Too late.', {code: 'TOO_LATE'});
        const {post} = await serveActions([answering(() => {
            throw error;
        })], {onError: failed => errors.push(failed)});
        expect(await problemOf(await post('/answering'))).toMatchObject({status: 409, code: 'TOO_LATE', detail: 'Too late.'});
        for (error of [new Error('hunter2'), 'hunter2', undefined, null, 'route', 'router', Object.assign(new Error('hunter2'), {status: 404})])
            expect(await problemOf(await post('/answering'))).toMatchObject({status: 500, code: 'INTERNAL_ERROR'});
        expect(errors).toHaveLength(7);
    });

    it('comes once for an idempotency key of a caller', async () => {
        let calls = 0;
        const {post, app} = await serveActions([Action.create('once', {on: onHttp('POST', '/once'), async handler(input, {run}) {
            await run(take, 'n', {text: 'once'});
            return {calls: ++calls, input};
        }})]);
        const send = (n: number, authorization: string) => post('/once', {n}, {'idempotency-key': 'k', authorization});
        const answers = await Promise.all([send(1, 'ann'), send(1, 'ann'), send(1, 'ann')]);
        for (const answer of [...answers, await send(1, 'ann')])
            expect(await answer.json()).toEqual({calls: 1, input: {n: 1}});
        expect(await problemOf(await send(2, 'ann'))).toMatchObject({status: 409, code: 'IDEMPOTENCY_KEY_REUSED'});
        expect(await problemOf(await post('/once?n=3', {n: 1}, {'idempotency-key': 'k', authorization: 'ann'}))).toMatchObject({status: 409, code: 'IDEMPOTENCY_KEY_REUSED'});
        expect(await (await send(2, 'bob')).json()).toEqual({calls: 2, input: {n: 2}});
        expect(await app.stateOf(note, 'n')).toEqual({texts: ['once', 'once']});
        expect(await problemOf(await post('/once', {}, {'idempotency-key': ''}))).toMatchObject({status: 400, code: 'INVALID_IDEMPOTENCY_KEY'});
    });

    it('is 202 with an id, where the work is queued', async () => {
        const seen: unknown[] = [];
        const {post, app} = await serveActions([Action.create('later', {on: onHttp('POST', '/later/:id', {answer: 'accepted'}), retry: {maxAttempts: 1}, handler(input, {request, idempotencyKey}) {
            seen.push([input, request?.context, idempotencyKey]);
            throw new Error('In the end');
        }})], {context: () => ({userId: '7'})});
        const send = () => post('/later/1', {a: 1}, {'idempotency-key': 'k'});
        const response = await send();
        expect(response.status).toBe(202);
        const {id} = await response.json() as {id: string};
        expect(await (await send()).json()).toEqual({id});
        await vi.waitFor(async () => expect(await app.getFailedActions()).toMatchObject([{id, action: 'later'}]));
        expect(seen).toEqual([[{a: 1, id: '1'}, {userId: '7'}, id]]);
    });

    it('is 500 where the router\'s context can\'t be kept with queued work: the client is not at fault', async () => {
        const {post} = await serveActions([Action.create('later', {on: onHttp('POST', '/later', {answer: 'accepted'}), handler: () => 1})], {context: () => ({user: new Map()})});
        expect(await problemOf(await post('/later', {}))).toMatchObject({status: 500, code: 'CONTEXT_NOT_PLAIN'});
    });

    it('is not waited for by a client that disconnects, and the work is done', async () => {
        const signals = new EventEmitter();
        let isAborted: boolean | undefined;
        const {app, raw, server, get} = await serveActions([Action.create('slow', {on: onHttp('POST', '/slow'), async handler(_input, {run, signal}) {
            signals.emit('entered');
            await once(signals, 'go');
            isAborted = signal.aborted;
            await run(take, 'slow', {text: 'done'});
        }}), echo('GET', '/echo')]);
        const socket = raw('POST /api/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
        await once(signals, 'entered');
        socket.destroy();
        await expect.poll(() => connectionsOf(server)).toBe(0);
        signals.emit('go');
        await expect.poll(() => app.stateOf(note, 'slow')).toEqual({texts: ['done']});
        expect(isAborted).toBe(false);
        expect((await get('/echo')).status).toBe(200);
    });
});

describe('the routes of actions', () => {
    it('are asked for of authorize, before the body is read', async () => {
        const seen: Access[] = [];
        const handler = vi.fn();
        const action = Action.create('guarded', {on: [onHttp('POST', '/guarded/:id'), onHttp('GET', '/guarded/:id', {answer: 'accepted'})], handler});
        const {post, get} = await serveActions([action], {authorize: access => {
            expect(access.req.body).toBeUndefined();
            seen.push(access);
            return false;
        }});
        expect(await problemOf(await post('/guarded/1', '{'))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        expect(await problemOf(await get('/GUARDED/1/'))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        expect(seen.map(({req: _req, ...access}) => access)).toEqual([
            {kind: 'action', actionName: 'guarded', method: 'POST', path: '/guarded/:id'}, {kind: 'action', actionName: 'guarded', method: 'GET', path: '/guarded/:id'}
        ]);
        expect(handler).not.toHaveBeenCalled();
    });

    it('give the context of the request to the handler', async () => {
        const {post} = await serveActions([echo('POST', '/echo')], {context: async req => ({userId: req.get('x-user')})});
        expect((await echoOf(await post('/echo', {}, {'x-user': '7'}))).request.context).toEqual({userId: '7'});
    });

    it('stand before commands and queries, where they are of the same path', async () => {
        const {post, get, app} = await serveActions([
            Action.create('take', {on: onHttp('POST', '/note/:id/take'), handler: () => 'by the action'}), Action.create('all', {on: onHttp('GET', '/notes/all'), handler: () => 'by the action'})
        ]);
        expect(await (await post('/note/1/take', {text: 'x'})).json()).toBe('by the action');
        expect(await (await get('/notes/all')).json()).toBe('by the action');
        expect(await app.stateOf(note, '1')).toEqual({texts: []});
        expect((await post('/note/1/nope', {})).status).toBe(404);
    });

    it('stand behind decisions and administration', async () => {
        const {post, get} = await serveActions([
            Action.create('wide', {on: [onHttp('POST', '/:a/:b'), onHttp('GET', '/:a'), onHttp('POST', '/:a/:b/retry')], handler: () => 'by the action'})
        ], {admin: () => true});
        expect(await problemOf(await post('/decisions/x', {}))).toMatchObject({code: 'UNKNOWN_DECISION'});
        expect(await (await get('/projections')).json()).toEqual([]);
        expect(await (await get('/failed-actions')).json()).toEqual([]);
        expect(await problemOf(await post('/failed-actions/x/retry'))).toMatchObject({code: 'UNKNOWN_TASK'});
        expect(await (await post('/a/b', {})).json()).toBe('by the action');
        expect(await (await get('/a')).json()).toBe('by the action');
    });

    it.each([
        ['POST', '/decisions/:id'], ['POST', '/Decisions/take'], ['GET', '/projections'], ['GET', '/projections/:a/:b'], ['DELETE', '/projections/a/1'], ['GET', '/failed-actions'], ['POST', '/failed-actions/:x/retry']
    ] as const)('are refused where they would never be reached: %s %s', async (method, path) => {
        await expect(serveActions([echo(method, path)], {admin: () => true})).rejects.toMatchObject({code: 'CONFIG_INVALID', message: expect.stringContaining(`'echo'`) as string});
    });

    it('may be those of the administration where there is none', async () => {
        const {get} = await serveActions([echo('GET', '/projections')]);
        expect((await get('/projections')).status).toBe(200);
    });

    it('answer HEAD as GET, OPTIONS with what is allowed, and leave other methods to the application', async () => {
        const {base, get} = await serveActions([echo('GET', '/echo/:id')]);
        const head = await fetch(`${base}/echo/1`, {method: 'HEAD'});
        expect([head.status, await head.text()]).toEqual([200, '']);
        expect((await fetch(`${base}/echo/1/`, {method: 'OPTIONS'})).headers.get('allow')).toMatch(/GET/);
        expect((await fetch(`${base}/echo/1`, {method: 'PUT'})).status).toBe(404);
        expect(await problemOf(await get('/echo/%zz'))).toMatchObject({status: 400, code: 'BAD_REQUEST'});
    });
});

describe('the routes of failed actions', () => {
    const failing = (): {action: Action; state: {isBroken: boolean; calls: number}} => {
        const state = {isBroken: true, calls: 0};
        return {state, action: Action.create('failing', {on: onHttp('POST', '/failing', {answer: 'accepted'}), retry: {maxAttempts: 1}, handler() {
            state.calls++;
            if (state.isBroken)
                throw new ConflictError('Broken', {code: 'BROKEN'});
        }})};
    };

    it('list, retry and discard', async () => {
        const {action, state} = failing();
        const {get, post, delete: remove} = await serveActions([action], {admin: () => true});
        const ids: string[] = [];
        for (const n of [1, 2, 3])
            ids.push((await (await post('/failing', {n})).json() as {id: string}).id);
        ids.sort();
        const list = async (query = ''): Promise<{id: string}[]> => await (await get(`/failed-actions${query}`)).json() as {id: string}[];
        await vi.waitFor(async () => expect((await list()).map(({id}) => id)).toEqual(ids));
        expect(await list()).toMatchObject(ids.map(id => ({id, action: 'failing', attempts: 1, error: {message: 'Broken', code: 'BROKEN'}, source: {by: 'call'}})));
        expect((await list('?action=failing&limit=1')).map(({id}) => id)).toEqual(ids.slice(0, 1));
        expect((await list(`?after=${ids[0]}`)).map(({id}) => id)).toEqual(ids.slice(1));
        state.isBroken = false;
        expect((await post(`/failed-actions/${ids[0]}/retry`)).status).toBe(204);
        await vi.waitFor(() => expect(state.calls).toBe(4));
        expect((await remove(`/failed-actions/${ids[1]}`)).status).toBe(204);
        expect((await list()).map(({id}) => id)).toEqual(ids.slice(2));
    });

    it.each(['?limit=0', '?limit=1001', '?limit=x', '?limit=1&limit=2', '?action=a&action=b', '?nope=1', '?__proto__=1'])('refuse %s', async query => {
        const {get} = await serveActions([failing().action], {admin: () => true});
        expect(await problemOf(await get(`/failed-actions${query}`))).toMatchObject({status: 400, code: 'VALIDATION_FAILED'});
    });

    it('know no others', async () => {
        const {get, post, delete: remove} = await serveActions([failing().action], {admin: () => true});
        for (const name of ['toString', '__proto__', '']) {
            expect(await problemOf(await get(`/failed-actions?action=${name}`))).toMatchObject({status: 404, code: 'UNKNOWN_ACTION'});
            expect((await post(`/failed-actions/${name}/retry`)).status).toBe(404);
            expect((await remove(`/failed-actions/${name}`)).status).toBe(404);
        }
    });

    it('are for administrators, and not there unless admin is given', async () => {
        const closed = await serveActions([failing().action], {admin: () => false});
        const none = await serveActions([failing().action]);
        for (const call of [(served: typeof none) => served.get('/failed-actions'), (served: typeof none) => served.post('/failed-actions/x/retry'), (served: typeof none) => served.delete('/failed-actions/x')]) {
            expect(await problemOf(await call(closed))).toMatchObject({status: 403, code: 'FORBIDDEN'});
            expect((await call(none)).status).toBe(404);
        }
    });
});

const connectionsOf = (server: Server): Promise<number> =>
    new Promise((resolve, reject) => server.getConnections((error, count) => error === null ? resolve(count) : reject(error)));
