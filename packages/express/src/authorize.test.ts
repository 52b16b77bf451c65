import type {Request} from 'express';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {UnauthorizedError, type Woltage} from 'woltage';
import {problemOf, received, serveRouter} from '../test/support/serve.ts';
import {createTodoWoltage, faults, todo} from '../test/support/todo.ts';
import type {Access, Permission} from './index.ts';

let woltage: Woltage;

beforeAll(async () => {
    woltage = await createTodoWoltage();
});
afterAll(() => woltage.stop());

describe('authorize', () => {
    it('is told what is wanted', async () => {
        const seen: Access[] = [];
        const {post, get} = await serveRouter(woltage, {authorize: access => void seen.push(access)});
        expect((await post('/todo/a%2Fb/note', 1)).status).toBe(200);
        expect((await get('/todos/nothing')).status).toBe(204);
        expect(seen.map(({req, ...access}) => [req.method, access])).toEqual([
            ['POST', {kind: 'command', aggregateName: 'todo', aggregateId: 'a/b', commandName: 'note'}],
            ['GET', {kind: 'query', readModelName: 'todos', handlerName: 'nothing'}]
        ]);
    });

    it('is not evaded by another spelling of a read model\'s name', async () => {
        const {get} = await serveRouter(woltage, {
            authorize: access => !(access.kind === 'query' && access.readModelName === 'todos')
        });
        for (const name of ['todos', 'Todos', 'TODOS', 'tod%4Fs'])
            expect(await problemOf(await get(`/${name}/nothing`))).toMatchObject({status: 403, code: 'FORBIDDEN'});
    });

    it.each([true, undefined])('lets through with %s', async answer => {
        for (const authorize of [(): Permission => answer, async () => answer]) {
            const {get} = await serveRouter(woltage, {authorize});
            expect((await get('/todos/nothing')).status).toBe(204);
        }
    });

    it.each([false, null, 0, '', 'yes', 1, {}])('refuses with %j', async answer => {
        for (const authorize of [() => answer as never, async () => answer as never]) {
            const {post, get} = await serveRouter(woltage, {authorize});
            expect(await problemOf(await get('/todos/nothing'))).toMatchObject({status: 403, code: 'FORBIDDEN'});
            expect(await problemOf(await post('/todo/refused/note', 1))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        }
        expect(await woltage.stateOf(todo, 'refused')).toEqual({notes: []});
    });

    it('refuses with the status of the Woltage error that it throws', async () => {
        const {get} = await serveRouter(woltage, {authorize: () => {
            throw new UnauthorizedError('Log in first.');
        }});
        expect(await problemOf(await get('/todos/nothing'))).toMatchObject({status: 401, code: 'UNAUTHORIZED', detail: 'Log in first.'});
    });

    it.each(Object.keys(faults))('that throws (%s), at once or later, lets nothing through', async what => {
        for (const authorize of [() => {
            throw faults[what];
        }, async () => {
            throw faults[what];
        }]) {
            const {post, get} = await serveRouter(woltage, {authorize});
            expect((await problemOf(await get('/todos/nothing'))).status).toBeGreaterThanOrEqual(400);
            expect((await problemOf(await post('/todo/thrown/note', 1))).status).toBeGreaterThanOrEqual(400);
        }
        expect(await woltage.stateOf(todo, 'thrown')).toEqual({notes: []});
    });

    it('that answers by itself has answered', async () => {
        const {post} = await serveRouter(woltage, {authorize: ({req}) => void req.res?.redirect(303, '/login')});
        const response = await post('/todo/redirected/note');
        expect(response).toMatchObject({status: 404, redirected: true});
        expect(await woltage.stateOf(todo, 'redirected')).toEqual({notes: []});
    });

    it('that has begun an answer of its own leaves none that looks whole', async () => {
        const {raw} = await serveRouter(woltage, {authorize: ({req}) => void req.res?.write('begun')});
        const text = await received(raw('POST /api/todo/begun/note HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'));
        expect(text).toContain('begun');
        expect(text).not.toContain('\r\n0\r\n');
        expect(await woltage.stateOf(todo, 'begun')).toEqual({notes: []});
    });

    it('decides before a body is read', async () => {
        const bodies: unknown[] = [];
        const {raw} = await serveRouter(woltage, {authorize: ({req}: {req: Request}) => {
            bodies.push(req.body);
            return false;
        }});
        const socket = raw('POST /api/todo/unread/note HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n');
        expect(await received(socket, 'FORBIDDEN')).toMatch(/^HTTP\/1\.1 403 /);
        expect(bodies).toEqual([undefined]);
    });
});
