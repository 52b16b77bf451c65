import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {Decision, MemoryEventStore, z, type Woltage} from 'woltage';
import {addItem, createApp, decisions} from '../../../test/decisions/domain.ts';
import {problemOf, serveRouter} from '../test/support/serve.ts';
import type {Access} from './index.ts';

let woltage: Woltage;
const contexts: unknown[] = [];
const look = Decision.create('look/at', {
    input: z.unknown(), query: () => ({types: ['nothing']}),
    decide(_state, _input, context) {
        contexts.push(context);
    }
});

beforeAll(async () => {
    woltage = await createApp({adapter: MemoryEventStore}, {decisions: [...decisions, look]});
});
afterAll(() => woltage.stop());

describe('a decision', () => {
    it('answers position and events, without their payloads', async () => {
        const {post} = await serveRouter(woltage);
        const response = await post('/decisions/addItem', {cartId: '1', productId: 'secret'});
        expect(response.status).toBe(200);
        const position = response.headers.get('Woltage-Position') ?? '';
        expect(position).toMatch(/^\d+$/);
        expect(await response.json()).toEqual({position, events: [{id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, type: 'item.added', version: 1}]});
    });

    it('that decides on nothing answers -1 where there is nothing that it could have read', async () => {
        const {post} = await serveRouter(woltage);
        const response = await post('/decisions/clearCart', {cartId: 'never'});
        expect(await response.json()).toEqual({position: '-1', events: []});
        expect(response.headers.get('Woltage-Position')).toBe('-1');
    });

    it('answers the errors of its rules with their codes', async () => {
        const {post} = await serveRouter(woltage);
        expect(await problemOf(await post('/decisions/submitCart', {cartId: 'empty'}))).toMatchObject({status: 409, code: 'CART_EMPTY'});
        expect(await problemOf(await post('/decisions/removeItem', {cartId: 'empty', productId: '1'}))).toMatchObject({status: 404, code: 'NO_SUCH_ITEM'});
    });

    it.each([undefined, '', 'null', '1', '"x"', '[]', '{}', '{"cartId": ""}', '{"cartId": 1, "productId": "2"}', '{"__proto__": {"cartId": "1"}}'])('refuses %j as its input', async body => {
        const {post} = await serveRouter(woltage);
        const problem = await problemOf(await post('/decisions/addItem', body));
        expect(problem.status).toBe(400);
        expect(['VALIDATION_FAILED', 'INVALID_JSON']).toContain(problem.code);
    });

    it('refuses what is no JSON', async () => {
        const {post} = await serveRouter(woltage);
        expect(await problemOf(await post('/decisions/addItem', '{"cartId"'))).toMatchObject({status: 400, code: 'INVALID_JSON'});
        expect((await problemOf(await post('/decisions/addItem', 'x=1', {'content-type': 'application/x-www-form-urlencoded'}))).status).toBe(415);
    });

    it.each(['unknown', 'constructor', '__proto__', 'toString', 'ADDITEM', '%20', 'addItem%00'])('named %s is not found', async name => {
        const {post} = await serveRouter(woltage);
        expect(await problemOf(await post(`/decisions/${name}`, {}))).toMatchObject({status: 404, code: 'UNKNOWN_DECISION'});
    });

    it('gets the context, and is found by its decoded name', async () => {
        const {post} = await serveRouter(woltage, {context: req => ({userId: req.get('x-user')})});
        expect((await post('/decisions/look%2Fat', {}, {'x-user': '7'})).status).toBe(200);
        expect(contexts).toEqual([{userId: '7'}]);
    });

    it('is authorised before its body is read', async () => {
        const seen: Access[] = [];
        const {post} = await serveRouter(woltage, {authorize: access => {
            seen.push(access);
            return access.kind !== 'decision';
        }});
        expect(await problemOf(await post('/decisions/addItem', 'no JSON'))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        expect(seen.map(({req, ...access}) => [req.method, access])).toEqual([['POST', {kind: 'decision', decisionName: 'addItem'}]]);
        expect(await woltage.stateOf(addItem, {cartId: 'no JSON', productId: '1'})).toEqual({items: [], isSubmitted: false});
    });
});
