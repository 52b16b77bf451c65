import express, {Router} from 'express';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Woltage} from 'woltage';
import {createApp} from '../test/example.ts';
import {problemOf, serve, serveRouter} from '../test/support/serve.ts';
import {createTodoWoltage} from '../test/support/todo.ts';
import {createRouter, type RouterOptions} from './index.ts';

let woltage: Woltage;

beforeAll(async () => {
    woltage = await createTodoWoltage();
});
afterAll(() => woltage.stop());

describe('paths', () => {
    it.each(['constructor', '__proto__', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__', 'prototype', 'store', 'schemaRegistry', 'projectionName', 'stateOf', 'nope', '%00', '*', ':x', '\u212a'])(
        'with the unknown name %s are 404', async name => {
            const {post, get} = await serveRouter(woltage);
            for (const [response, code] of [
                [await post(`/${name}/1/add`, {title: 'x'}), 'UNKNOWN_AGGREGATE'], [await post(`/todo/1/${name}`, {}), 'UNKNOWN_COMMAND'],
                [await get(`/${name}/byId?id=1`), 'UNKNOWN_READ_MODEL'], [await get(`/todos/${name}`), 'UNKNOWN_HANDLER']
            ] as const)
                expect(await problemOf(response)).toMatchObject({status: 404, code});
        });

    it.each(['/todos/%E0%A4%A', '/%/byId', '/todos/%zz'])('that can\'t be decoded (%s) are 400', async path => {
        const {get, post} = await serveRouter(woltage);
        expect(await problemOf(await get(path))).toMatchObject({status: 400, code: 'BAD_REQUEST'});
        expect(await problemOf(await post(`${path}/add`))).toMatchObject({status: 400, code: 'BAD_REQUEST'});
    });

    it('and methods of other shapes belong to the application', async () => {
        const app = express().use('/api', createRouter(woltage));
        app.use((req, res) => void res.status(418).send(`${req.method} ${req.originalUrl}`));
        const {base} = await serve(app, '/api');
        for (const [method, path] of [
            ['GET', '/'], ['GET', '/health'], ['GET', '/a/b/c'], ['POST', '/login'], ['POST', '/todos/byId'], ['POST', '/a/b/c/d'],
            ['PUT', '/todo/1/add'], ['DELETE', '/todos/byId'], ['PATCH', '/todo/1/add'], ['GET', '/projections'], ['GET', '/%zz']
        ] as const) {
            const response = await fetch(base + path, {method});
            expect([response.status, await response.text()]).toEqual([418, `${method} /api${path}`]);
        }
    });

    it('answer HEAD as they would GET, and OPTIONS with what is allowed', async () => {
        const {base} = await serveRouter(woltage);
        const head = await fetch(`${base}/todos/byId?id=1`, {method: 'HEAD'});
        expect([head.status, await head.text()]).toEqual([200, '']);
        expect((await fetch(`${base}/todos/byId`, {method: 'HEAD'})).status).toBe(400);
        expect((await fetch(`${base}/todo/1/add`, {method: 'OPTIONS'})).headers.get('allow')).toMatch(/^POST/);
    });
});

describe('the router', () => {
    it('stands beside other routes, under any prefix', async () => {
        const app = express();
        app.get('/todos/mine', (_req, res) => void res.send('before'));
        app.use('/v1', Router().use('/api', createRouter(woltage)));
        app.use(createRouter(woltage));
        app.get('/health', (_req, res) => void res.send('after'));
        const {get, post} = await serve(app);
        expect(await (await get('/todos/mine')).text()).toBe('before');
        expect(await (await get('/health')).text()).toBe('after');
        for (const prefix of ['', '/v1/api']) {
            expect((await post(`${prefix}/todo/prefix/note`, 1)).status).toBe(200);
            expect((await get(`${prefix}/todos/nothing`)).status).toBe(204);
            expect(await problemOf(await get(`${prefix}/todos/nope`))).toMatchObject({status: 404});
        }
    });

    it('does what the README shows', async () => {
        const users = new Map([['ann', {id: 'u1', isAdmin: true}], ['bob', {id: 'u2', isAdmin: false}]]);
        const ignore = (): void => undefined;
        const {get, post} = await serve(createApp(woltage, users, {debug: ignore, info: ignore, warn: ignore, error: ignore}), '/api');
        expect(await problemOf(await get('/todos/nothing'))).toMatchObject({status: 401});
        expect(await (await get('/todos/echo', {authorization: 'bob'})).json()).toMatchObject({context: {userId: 'u2'}});
        expect(await problemOf(await post('/todo/readme/note', 1, {authorization: 'bob'}))).toMatchObject({status: 403});
        expect((await post('/todo/readme/note', 1, {authorization: 'ann'})).status).toBe(200);
        expect(await problemOf(await get('/projections', {authorization: 'bob'}))).toMatchObject({status: 403});
        expect(await problemOf(await get('/projections'))).toMatchObject({status: 403});
        expect((await get('/projections', {authorization: 'ann'})).status).toBe(200);
    });

    it.each([
        [{authorise: () => false}, '\'authorise\' is not one'], [{admin: true}, '\'admin\' must be a function'], [{authorize: 'no'}, '\'authorize\' must be'],
        [{context: {}}, '\'context\' must be'], [{onError: 1}, '\'onError\' must be'], [{logger: {}}, '\'logger\' must be'],
        [{bodyLimit: '1 elephant'}, '\'bodyLimit\' must be'], [{bodyLimit: -1}, '\'bodyLimit\''], [{bodyLimit: Infinity}, '\'bodyLimit\''],
        [{bodyLimit: null}, '\'bodyLimit\''], [{waitTimeoutMs: Infinity}, '\'waitTimeoutMs\''], [{waitTimeoutMs: '5s'}, '\'waitTimeoutMs\''],
        [null, 'options are an object']
    ])('refuses the options %j', (options, message) => {
        expect(() => createRouter(woltage, options as unknown as RouterOptions)).toThrow(
            expect.objectContaining({code: 'CONFIG_INVALID', message: expect.stringContaining(message) as string}));
    });

    it('refuses what is not a Woltage instance, such as a promise of one', () => {
        for (const wrong of [undefined, null, {}, Promise.resolve(woltage)])
            expect(() => createRouter(wrong as Woltage)).toThrow(expect.objectContaining({code: 'CONFIG_INVALID'}));
    });

    it('takes options that are undefined as left out, and limits in every unit', async () => {
        const {get} = await serveRouter(woltage, {authorize: undefined, admin: undefined, bodyLimit: undefined, waitTimeoutMs: undefined});
        expect((await get('/todos/nothing')).status).toBe(204);
        for (const bodyLimit of [0, 10, '10', '10b', '1.5kb', '1 MB', '2GB'])
            expect(() => createRouter(woltage, {bodyLimit})).not.toThrow();
    });

    it('answers 503 when its Woltage instance has stopped', async () => {
        const stopped = await createTodoWoltage();
        await stopped.stop();
        const {get, post} = await serveRouter(stopped);
        expect(await problemOf(await get('/todos/nothing'))).toMatchObject({status: 503, code: 'STOPPED'});
        expect(await problemOf(await post('/todo/1/note', 1))).toMatchObject({status: 503, code: 'STOPPED'});
    });
});
