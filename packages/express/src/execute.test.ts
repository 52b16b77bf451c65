import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Woltage} from 'woltage';
import {problemOf, serveRouter} from '../test/support/serve.ts';
import {createTodoWoltage, gates, todo} from '../test/support/todo.ts';

let woltage: Woltage;

beforeAll(async () => {
    woltage = await createTodoWoltage();
});
afterAll(() => woltage.stop());

describe('a command', () => {
    it('answers revision, position and events, without their payloads', async () => {
        const {post} = await serveRouter(woltage);
        const response = await post('/todo/milk/add', {title: 'Milk', tags: [{name: 'secret'}]});
        expect(response.status).toBe(200);
        const position = response.headers.get('Woltage-Position') ?? '';
        expect(position).toMatch(/^\d+$/);
        expect(await response.json()).toEqual({
            revision: '0', position, events: [{id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, type: 'todo.added', version: 1}]
        });
    });

    it('that decides on nothing answers where its aggregate stands', async () => {
        const {post, get} = await serveRouter(woltage);
        const response = await post('/todo/never/nothing');
        expect(await response.json()).toEqual({revision: '-1', position: '-1', events: []});
        expect(response.headers.get('Woltage-Position')).toBe('-1');
        expect((await get('/todos/nothing', {'Woltage-After': '-1'})).status).toBe(204);
    });

    it('gets the decoded id of its path, whatever is in it', async () => {
        const {post} = await serveRouter(woltage);
        const id = 'a/b?c=d%20 ü__proto__';
        expect((await post(`/todo/${encodeURIComponent(id)}/note`, 1)).status).toBe(200);
        expect(await woltage.stateOf(todo, id)).toEqual({notes: [1]});
        expect(await problemOf(await post(`/todo/${'x'.repeat(1025)}/note`, 1))).toMatchObject({status: 400, code: 'INVALID_AGGREGATE_ID'});
    });

    it('that comes again with the same Idempotency-Key is answered as the first was, and appends nothing', async () => {
        const {post} = await serveRouter(woltage);
        const send = (note: number, key: string) => post('/todo/keyed/note', note, {'idempotency-key': key});
        const answers = await Promise.all([send(1, 'k'), send(1, 'k'), send(1, 'k')]);
        const bodies = await Promise.all(answers.map(answer => answer.text()));
        expect(new Set(bodies).size).toBe(1);
        expect(await woltage.stateOf(todo, 'keyed')).toEqual({notes: [1]});
        expect(await problemOf(await send(2, 'k'))).toMatchObject({status: 409, code: 'IDEMPOTENCY_KEY_REUSED'});
        expect(await problemOf(await send(2, 'x'.repeat(257)))).toMatchObject({status: 400, code: 'INVALID_IDEMPOTENCY_KEY'});
        expect(await problemOf(await send(2, ''))).toMatchObject({status: 400, code: 'INVALID_IDEMPOTENCY_KEY'});
    });

    it('is executed for each caller, whatever keys they choose', async () => {
        const {post} = await serveRouter(woltage);
        const send = (authorization: string) => post('/todo/callers/note', 1, {'idempotency-key': '1', authorization});
        for (const user of ['ann', 'bob', 'ann'])
            expect((await send(user)).status).toBe(200);
        expect(await woltage.stateOf(todo, 'callers')).toEqual({notes: [1, 1]});
        const scoped = await serveRouter(woltage, {idempotencyScope: req => req.get('x-user') ?? ''});
        for (const user of ['ann', 'bob', 'ann'])
            await scoped.post('/todo/scoped/note', 1, {'idempotency-key': '1', 'authorization': user, 'x-user': 'one'});
        expect(await woltage.stateOf(todo, 'scoped')).toEqual({notes: [1]});
    });

    it('gets the context, in which nothing takes the place of its aggregate id', async () => {
        const {post} = await serveRouter(woltage, {context: async req => ({userId: req.get('x-user'), aggregateId: 'another'})});
        expect((await post('/todo/context/context', {}, {'x-user': '7'})).status).toBe(200);
        expect(await woltage.stateOf(todo, 'context')).toEqual({notes: [{userId: '7', aggregateId: 'context', aggregateVersion: 0}]});
    });
});

describe('a query', () => {
    it('that sends back a command\'s position waits, and sees what the command wrote', async () => {
        const {post, get} = await serveRouter(woltage);
        let open = (): void => undefined;
        gates.set('late', new Promise(resolve => open = resolve));
        const position = (await post('/todo/late/add', {title: 'Late'})).headers.get('Woltage-Position') ?? '';
        expect(await (await get('/todos/byId?id=late')).json()).toBeNull();
        const waiting = get('/todos/byId?id=late', {'Woltage-After': position});
        open();
        expect(await (await waiting).json()).toEqual({id: 'late', title: 'Late'});
    });

    it('gives up waiting after a while', async () => {
        const {get} = await serveRouter(woltage, {waitTimeoutMs: 20});
        expect(await problemOf(await get('/todos/nothing', {'Woltage-After': '999999'}))).toMatchObject({status: 503, code: 'POSITION_TIMEOUT'});
    });

    it.each(['soon', '', '1.5', '-2', '0x1', '1, 2', '12345678901234567890'])('can\'t wait for %j', async after => {
        const {get} = await serveRouter(woltage);
        expect(await problemOf(await get('/todos/nothing', {'Woltage-After': after}))).toMatchObject({status: 400, code: 'INVALID_POSITION'});
    });

    it('answers null as null, nothing as 204, bigints as digits and dates as text', async () => {
        const {get} = await serveRouter(woltage);
        expect(await (await get('/todos/byId?id=none')).json()).toBeNull();
        const nothing = await get('/todos/nothing');
        expect([nothing.status, await nothing.text()]).toEqual([204, '']);
        expect(await (await get('/todos/echo')).json()).toEqual({query: {}, context: {}, big: String(2n ** 70n), at: '1970-01-01T00:00:00.000Z'});
    });

    it('that answers what JSON can\'t hold is 500', async () => {
        const {get} = await serveRouter(woltage);
        expect(await problemOf(await get('/todos/cyclic'))).toMatchObject({status: 500, code: 'INTERNAL_ERROR'});
    });

    it('gets the query string and the context', async () => {
        const {get} = await serveRouter(woltage, {context: req => ({userId: req.get('x-user')})});
        const response = await get('/todos/echo?a=1&a=2&b=&__proto__=x&c[d]=e', {'x-user': '8'});
        expect(await response.text()).toContain('{"query":{"a":["1","2"],"b":"","__proto__":"x","c[d]":"e"},"context":{"userId":"8"}');
        expect((Object.prototype as {x?: unknown}).x).toBeUndefined();
    });

    it('is for its asker: revalidated, and not kept by shared caches', async () => {
        const {get} = await serveRouter(woltage);
        const response = await get('/todos/echo');
        expect(response.headers.get('cache-control')).toBe('private, no-cache');
        expect((await get('/todos/echo', {'if-none-match': response.headers.get('etag') ?? '', 'cache-control': ''})).status).toBe(304);
    });
});

describe('a context that fails', () => {
    it('refuses the request', async () => {
        const {post, get} = await serveRouter(woltage, {context: () => Promise.reject(new TypeError('hunter2'))});
        expect(await problemOf(await post('/todo/refused/note', 1))).toMatchObject({status: 500, code: 'INTERNAL_ERROR'});
        expect(await problemOf(await get('/todos/echo'))).toMatchObject({status: 500});
        expect(await woltage.stateOf(todo, 'refused')).toEqual({notes: []});
    });
});
