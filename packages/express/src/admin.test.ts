import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {UnauthorizedError, type Woltage} from 'woltage';
import {problemOf, serveRouter, type Served} from '../test/support/serve.ts';
import {createTodoWoltage, faults} from '../test/support/todo.ts';

let woltage: Woltage;

beforeEach(async () => {
    woltage = await createTodoWoltage();
});
afterEach(() => woltage.stop());

const version2 = {name: 'todo', version: 2, projectorName: 'TodoProjector', projectorVersion: 1, storeName: 'main'};

/** Every route there is. */
const routes: readonly ((served: Served) => Promise<Response>)[] = [
    ({get}) => get('/projections'), ({post}) => post('/projections', version2), ({get}) => get('/projections/todo/1'),
    ({post}) => post('/projections/todo/1/activate', {force: true}), ({post}) => post('/projections/todo/1/retry'),
    ({post}) => post('/projections/todo/1/skip', {eventId: 'x'}), ({get}) => get('/projections/todo/1/dead-letters'),
    ({post}) => post('/projections/todo/1/dead-letters/x/retry'), served => served.delete('/projections/todo/1/dead-letters/x'),
    served => served.delete('/projections/todo/1?force=true'), ({get}) => get('/PROJECTIONS/'), ({get}) => get('//projections')
];

const untouched = (): void => expect(Object.values(woltage.getProjections())).toMatchObject([{id: 'todo@1', isActive: true}]);

describe('the admin routes', () => {
    it('are not there unless admin is given', async () => {
        const served = await serveRouter(woltage);
        for (const route of routes)
            expect((await route(served)).status).toBe(404);
        untouched();
    });

    it.each([false, undefined, null, 1, 'true', {}])('are closed where admin says %j', async answer => {
        for (const admin of [() => answer as never, async () => answer as never]) {
            const served = await serveRouter(woltage, {admin});
            for (const route of routes.slice(0, -1))
                expect(await problemOf(await route(served))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        }
        untouched();
    });

    it.each(Object.keys(faults))('are closed where admin throws (%s)', async what => {
        const served = await serveRouter(woltage, {admin: async () => {
            throw faults[what];
        }});
        for (const route of routes.slice(0, -1))
            expect((await problemOf(await route(served))).status).toBeGreaterThanOrEqual(400);
        untouched();
    });

    it('refuse with the status of the Woltage error that admin throws', async () => {
        const {get} = await serveRouter(woltage, {admin: () => {
            throw new UnauthorizedError();
        }});
        expect(await problemOf(await get('/projections'))).toMatchObject({status: 401, code: 'UNAUTHORIZED'});
    });

    it('are no way around authorize, nor is it one around them', async () => {
        const {get, post} = await serveRouter(woltage, {admin: () => true, authorize: () => false});
        expect((await get('/projections')).status).toBe(200);
        expect(await problemOf(await get('/projections/mine'))).toMatchObject({status: 403});
        expect(await problemOf(await post('/projections/1/add'))).toMatchObject({status: 403});
    });

    it('leave a read model and an aggregate alone that are called projections', async () => {
        const {get, post} = await serveRouter(woltage, {admin: () => false});
        expect(await (await get('/projections/mine')).json()).toBe('my projections');
        expect((await post('/projections/1/add')).status).toBe(200);
    });

    it('list, show, add, switch, retry and remove versions', async () => {
        const served = await serveRouter(woltage, {admin: () => true});
        const {get, post} = served;
        const response = await post('/projections', version2);
        expect([response.status, await response.json()]).toMatchObject([201, {id: 'todo@2', isActive: false}]);
        await woltage.getProjection('todo', 2)?.untilLive();
        expect(await (await get('/projections/todo/2')).json()).toMatchObject({id: 'todo@2', state: 'live', progress: {position: expect.any(String) as string}});
        expect(await (await post('/projections/todo/2/activate')).json()).toMatchObject({id: 'todo@2', isActive: true});
        expect(await (await get('/projections')).json()).toMatchObject([{id: 'todo@1', isActive: false}, {id: 'todo@2', isActive: true}]);
        expect(await problemOf(await served.delete('/projections/todo/2'))).toMatchObject({status: 409, code: 'PROJECTION_ACTIVE'});
        expect((await served.delete('/projections/todo/1?deleteData=true')).status).toBe(204);
        expect((await post('/projections/todo/2/retry')).status).toBe(200);
        expect((await served.delete('/projections/todo/2?force=true')).status).toBe(204);
        expect(await (await get('/projections')).json()).toEqual([]);
    });

    it('take versions as long as dates', async () => {
        const {get, post} = await serveRouter(woltage, {admin: () => true});
        expect((await post('/projections', {...version2, version: 20261120233000})).status).toBe(201);
        expect((await get('/projections/todo/20261120233000')).status).toBe(200);
    });

    it.each([
        ['a version in words', {...version2, version: '2'}, ['version']],
        ['version 0', {...version2, version: 0}, ['version']],
        ['half a version', {...version2, version: 1.5}, ['version']],
        ['an unknown field', {...version2, force: true}, ['']],
        ['nothing', undefined, ['name', 'version', 'projectorName', 'projectorVersion', 'storeName']],
        ['a list', [version2], ['']]
    ])('add nothing from %s', async (_what, body, paths) => {
        const {post} = await serveRouter(woltage, {admin: () => true});
        const problem = await problemOf(await post('/projections', body));
        expect(problem).toMatchObject({status: 400, code: 'VALIDATION_FAILED', errors: paths.map(path => ({path}))});
        untouched();
    });

    it.each([
        ['/projections/todo/1?force=yes', 400, 'VALIDATION_FAILED'], ['/projections/todo/1?force=true&force=true', 400, 'VALIDATION_FAILED'],
        ['/projections/todo/1?deletedata=true', 400, 'VALIDATION_FAILED'], ['/projections/todo/1?__proto__=true', 400, 'VALIDATION_FAILED'],
        ['/projections/todo/__proto__', 404, 'UNKNOWN_PROJECTION'], ['/projections/todo/01?force=true', 404, 'UNKNOWN_PROJECTION'],
        ['/projections/todo/9?force=true', 404, 'UNKNOWN_PROJECTION'], ['/projections/__proto__/1', 404, 'UNKNOWN_PROJECTION'],
        ['/projections/todo/9999999999999999', 404, 'UNKNOWN_PROJECTION']
    ])('remove nothing at %s', async (path, status, code) => {
        const served = await serveRouter(woltage, {admin: () => true});
        expect(await problemOf(await served.delete(path))).toMatchObject({status, code});
        untouched();
    });

    it('answer what Woltage refuses', async () => {
        const {post} = await serveRouter(woltage, {admin: () => true});
        expect(await problemOf(await post('/projections', {...version2, storeName: 'constructor'}))).toMatchObject({status: 404, code: 'UNKNOWN_STORE'});
        expect(await problemOf(await post('/projections', {...version2, projectorName: '__proto__'}))).toMatchObject({status: 404, code: 'UNKNOWN_PROJECTOR'});
        expect(await problemOf(await post('/projections/todo/2/activate'))).toMatchObject({status: 404, code: 'UNKNOWN_PROJECTION'});
        expect(await problemOf(await post('/projections/todo/1/activate', {force: 'true'}))).toMatchObject({status: 400, errors: [{path: 'force'}]});
        expect(await problemOf(await post('/projections/todo/2/retry'))).toMatchObject({status: 404, code: 'UNKNOWN_PROJECTION'});
    });

    it('skip events and see to dead letters', async () => {
        const {get, post, delete: remove} = await serveRouter(woltage, {admin: () => true});
        expect(await problemOf(await post('/projections/todo/1/skip', {eventId: 'x'}))).toMatchObject({status: 409, code: 'PROJECTION_NOT_FAULTED'});
        expect((await problemOf(await post('/projections/todo/1/skip', {}))).status).toBe(400);
        expect(await (await get('/projections/todo/1/dead-letters')).json()).toEqual([]);
        expect(await problemOf(await post('/projections/todo/1/dead-letters/x/retry'))).toMatchObject({status: 404, code: 'UNKNOWN_DEAD_LETTER'});
        expect(await problemOf(await remove('/projections/todo/1/dead-letters/x'))).toMatchObject({status: 404, code: 'UNKNOWN_DEAD_LETTER'});
        expect(await problemOf(await get('/projections/nope/1/dead-letters'))).toMatchObject({status: 404, code: 'UNKNOWN_PROJECTION'});
    });
});
