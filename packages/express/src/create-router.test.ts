import {once} from 'node:events';
import {createServer, request, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import express, {type Express} from 'express';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import createWoltage, {
    Aggregate, ConflictError, Event, MemoryEventStore, MemoryStore, Projector, ReadModel, UnauthorizedError, z, type CommandContext, type Woltage
} from 'woltage';
import {createRouter, type RouterOptions} from './index.ts';

const added = z.object({title: z.string().min(1), tags: z.array(z.object({name: z.string()})).default([])});

class TodoAdded extends Event<typeof added> {
    static schema = added;
    static version = 1;
}

const schema = {todos: {key: z.object({id: z.string()}), schema: z.object({title: z.string()})}};

class TodoProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [TodoAdded.identity](event: TodoAdded) {
        await this.store.tables.todos.set({id: event.aggregateId, title: event.payload.title});
    }
}

class Todos extends ReadModel<TodoProjector> {
    projectionName = 'todo';
    schemaRegistry = {byId: z.object({id: z.string()})};

    byId({id}: {id: string}) {
        return this.store.tables.todos.get({id});
    }

    echo(query: unknown, context: object) {
        return {query, context, big: 2n ** 70n, at: new Date(0)};
    }

    nothing() {
        return undefined;
    }

    broken() {
        throw new Error('The password is hunter2.');
    }
}

const todo = Aggregate.create('todo', {$init: () => ({})});
todo.registerCommand(added, function add(_state, payload) {
    return new TodoAdded({payload});
});
todo.registerCommand(function context(_state, _payload, context: CommandContext) {
    throw new ConflictError(JSON.stringify(context), {code: 'SEEN'});
});
todo.registerCommand(function fail() {
    throw 'not even an Error';
});

let woltage: Woltage;
let server: Server;
let base: string;
let app: Express;
let options: RouterOptions;
const errors: unknown[] = [];

beforeAll(async () => {
    const store = {adapter: MemoryStore};
    woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore}, eventClasses: [TodoAdded], aggregates: [todo], projectorClasses: [TodoProjector],
        readModelClasses: [Todos], internalStore: store, stores: {main: store},
        projections: [{name: 'todo', version: 1, projector: TodoProjector, store: 'main'}]
    });
});
afterAll(() => woltage.stop());
beforeEach(async () => {
    errors.length = 0;
    options = {};
    app = express();
    // As given at the time of the request, so that a test can say what it wants.
    app.use('/api', (req, res, next) => createRouter(woltage, {onError: error => errors.push(error), ...options})(req, res, next));
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
});
afterEach(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
});

const post = (path: string, body?: unknown, headers: Record<string, string> = {}) => fetch(base + path, {
    method: 'POST', headers: {...body === undefined ? {} : {'content-type': 'application/json'}, ...headers},
    ...body === undefined ? {} : {body: typeof body === 'string' ? body : JSON.stringify(body)}
});

async function problemOf(response: Response) {
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = await response.json() as {status: number; code: string; detail: string; errors?: unknown};
    expect(problem.status).toBe(response.status);
    return problem;
}

describe('commands and queries', () => {
    it('work, and a query that waits sees what the command wrote', async () => {
        const response = await post('/todo/t1/add', {title: 'Milk'});
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({revision: '0', events: [{type: 'todo.added', version: 1}]});
        const after = response.headers.get('Woltage-Position') ?? '';
        const query = await fetch(`${base}/Todos/byId?id=t1`, {headers: {'Woltage-After': after}});
        expect(await query.json()).toEqual({id: 't1', title: 'Milk'});
    });

    it('answer null as null, nothing as 204, bigints as strings and dates as text', async () => {
        expect(await (await fetch(`${base}/todos/byId?id=none`)).json()).toBeNull();
        expect((await fetch(`${base}/todos/nothing`)).status).toBe(204);
        expect(await (await fetch(`${base}/todos/echo?a=1&a=2&b=&__proto__=x`)).text())
            .toBe(`{"query":{"a":["1","2"],"b":"","__proto__":"x"},"context":{},"big":"${2n ** 70n}","at":"1970-01-01T00:00:00.000Z"}`);
    });

    it('pass the context on', async () => {
        options = {context: async req => ({userId: req.get('x-user')})};
        const problem = await problemOf(await post('/todo/t/context', {}, {'x-user': '7'}));
        expect(problem).toMatchObject({status: 409, code: 'SEEN', detail: '{"userId":"7","aggregateId":"t"}'});
        const echo = await fetch(`${base}/todos/echo`, {headers: {'x-user': '8'}});
        expect(await echo.json()).toMatchObject({context: {userId: '8'}});
    });

    it('work in an application that has parsed the body already', async () => {
        const parsed = express().use(express.json()).use(createRouter(woltage));
        const other = createServer(parsed).listen(0, '127.0.0.1');
        await once(other, 'listening');
        const response = await fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}/todo/t2/add`, {
            method: 'POST', headers: {'content-type': 'application/json'}, body: '{"title":"Bread"}'
        });
        expect(response.status).toBe(200);
        other.close();
        other.closeAllConnections();
    });
});

describe('bad input', () => {
    it.each(['constructor', '__proto__', 'hasOwnProperty', 'toString', 'nope'])('unknown names such as %s are 404', async name => {
        for (const response of [
            await post(`/${name}/1/add`, {title: 'x'}), await post(`/todo/1/${name}`, {}), await fetch(`${base}/${name}/byId`), await fetch(`${base}/todos/${name}`)
        ])
            expect(await problemOf(response)).toMatchObject({status: 404, code: expect.stringMatching(/^UNKNOWN_/) as string});
    });

    it('validation issues are listed by field', async () => {
        const problem = await problemOf(await post('/todo/1/add', {title: '', tags: [{name: 1}]}));
        expect(problem).toMatchObject({
            status: 400, code: 'VALIDATION_FAILED', errors: [{pointer: '#/title'}, {pointer: '#/tags/0/name'}]
        });
        expect(await problemOf(await fetch(`${base}/todos/byId`))).toMatchObject({status: 400, code: 'VALIDATION_FAILED'});
    });

    it.each([
        ['{"title":', {}, 400, 'INVALID_JSON'],
        ['{"title":"x"}', {'content-type': 'text/plain'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['{"title":"x"}', {'content-type': 'application/json; charset=nope'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['{"title":"x"}', {'content-encoding': 'nope'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['[1]', {}, 400, 'VALIDATION_FAILED'], ['"text"', {}, 400, 'VALIDATION_FAILED'], ['null', {}, 400, 'VALIDATION_FAILED']
    ])('the body %s with %j is refused', async (body, headers, status, code) => {
        expect(await problemOf(await post('/todo/1/add', body, headers as Record<string, string>))).toMatchObject({status, code});
    });

    it('no body is an empty payload', async () => {
        expect(await problemOf(await post('/todo/1/add'))).toMatchObject({code: 'VALIDATION_FAILED'});
    });

    it('a path that can\'t be decoded and a header that is no position are 400', async () => {
        expect(await problemOf(await fetch(`${base}/todos/%E0%A4%A`))).toMatchObject({status: 400});
        expect(await problemOf(await fetch(`${base}/todos/nothing`, {headers: {'Woltage-After': 'soon'}}))).toMatchObject({status: 400, code: 'INVALID_POSITION'});
        options = {waitTimeoutMs: 20};
        expect(await problemOf(await fetch(`${base}/todos/nothing`, {headers: {'Woltage-After': '999999'}}))).toMatchObject({status: 503, code: 'POSITION_TIMEOUT'});
    });

    it('a body of 50 MB is refused without being taken in, and the server goes on', async () => {
        const status = await new Promise<number | undefined>((resolve, reject) => {
            const req = request(`${base}/todo/1/add`, {method: 'POST', headers: {'content-type': 'application/json'}}, res => {
                res.resume();
                resolve(res.statusCode);
            });
            req.on('error', error => (error as NodeJS.ErrnoException).code === 'EPIPE' || (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? undefined : reject(error));
            const chunk = Buffer.alloc(1024 * 1024, 'x');
            for (let i = 0; i < 50; i++)
                req.write(chunk);
            req.end();
        });
        expect(status).toBe(413);
        expect((await post('/todo/after/add', {title: 'x'})).status).toBe(200);
    });

    it('errors on the server\'s side are told to nobody but onError', async () => {
        const response = await fetch(`${base}/todos/broken`);
        const text = await response.clone().text();
        expect(await problemOf(response)).toMatchObject({status: 500, code: 'INTERNAL_ERROR'});
        expect(text).not.toContain('hunter2');
        expect(await problemOf(await post('/todo/1/fail', {}))).toMatchObject({status: 500, code: 'INTERNAL_ERROR'});
        expect(errors).toEqual([expect.objectContaining({message: 'The password is hunter2.'}), 'not even an Error']);
    });
});

describe('authorize', () => {
    it('lets through, refuses with 403, or with the status of what it throws', async () => {
        options = {
            authorize({kind, req}) {
                if (req.get('x-user') === undefined)
                    throw new UnauthorizedError();
                return kind === 'query';
            }
        };
        const headers = {'x-user': '1'};
        expect((await fetch(`${base}/todos/nothing`, {headers})).status).toBe(204);
        expect(await problemOf(await post('/todo/1/add', {title: 'x'}, headers))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        expect(await problemOf(await fetch(`${base}/todos/nothing`))).toMatchObject({status: 401, code: 'UNAUTHORIZED'});
    });

    it('that fails lets nothing through', async () => {
        options = {authorize: () => Promise.reject(new TypeError('hunter2'))};
        const before = await woltage.stateOf(todo, 'x');
        expect(await problemOf(await post('/todo/x/add', {title: 'x'}))).toMatchObject({status: 500, code: 'INTERNAL_ERROR'});
        expect(await woltage.stateOf(todo, 'x')).toEqual(before);
    });
});

describe('the admin routes', () => {
    it('are not there unless admin is given', async () => {
        expect((await fetch(`${base}/projections`)).status).toBe(404);
        expect((await post('/projections', {})).status).toBe(404);
        expect((await fetch(`${base}/projections/todo/1`, {method: 'DELETE'})).status).toBe(404);
        expect(woltage.getProjection('todo', 1)?.isActive).toBe(true);
    });

    it('let only those through for whom admin says true', async () => {
        for (const admin of [() => false, () => undefined as never, () => 1 as never]) {
            options = {admin};
            expect(await problemOf(await fetch(`${base}/projections`))).toMatchObject({status: 403});
        }
        options = {admin: () => Promise.reject(new Error('broken'))};
        expect(await problemOf(await fetch(`${base}/projections`))).toMatchObject({status: 500});
    });

    it('list, add, switch and remove versions', async () => {
        options = {admin: () => true};
        const version = {name: 'todo', version: 2, projectorName: 'TodoProjector', projectorVersion: 1, storeName: 'main'};
        const response = await post('/projections', version);
        expect([response.status, await response.json()]).toMatchObject([201, {id: 'todo@2', isActive: false}]);
        expect(await problemOf(await post('/projections', {...version, storeName: 'none', version: 3}))).toMatchObject({status: 404, code: 'UNKNOWN_STORE'});
        expect(await problemOf(await post('/projections', {...version, version: '3'}))).toMatchObject({status: 400, code: 'VALIDATION_FAILED'});
        await woltage.getProjection('todo', 2)?.untilLive();
        expect(await (await post('/projections/todo/2/activate', {})).json()).toMatchObject({id: 'todo@2', isActive: true, state: 'live'});
        expect(await problemOf(await fetch(`${base}/projections/todo/2`, {method: 'DELETE'}))).toMatchObject({status: 409, code: 'PROJECTION_ACTIVE'});
        expect((await post('/projections/todo/1/activate')).status).toBe(200);
        expect((await fetch(`${base}/projections/todo/2?deleteData=true`, {method: 'DELETE'})).status).toBe(204);
        expect(await (await fetch(`${base}/projections`)).json()).toMatchObject([{id: 'todo@1', isActive: true}]);
        expect(await problemOf(await fetch(`${base}/projections/todo/__proto__`))).toMatchObject({status: 404});
        expect((await post('/projections/todo/1/retry')).status).toBe(200);
    });
});
