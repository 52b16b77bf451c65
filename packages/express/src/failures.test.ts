import express, {type ErrorRequestHandler} from 'express';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {Woltage} from 'woltage';
import {problemOf, serve, serveRouter} from '../test/support/serve.ts';
import {createTodoWoltage, faults} from '../test/support/todo.ts';
import {createRouter} from './index.ts';

let woltage: Woltage;

beforeAll(async () => {
    woltage = await createTodoWoltage();
});
afterAll(() => woltage.stop());

const general = 'The request failed for a reason on the server\'s side.';

describe('what a handler throws', () => {
    it.each([
        ['conflict', {status: 409, code: 'TOO_LATE', title: 'Conflict', detail: 'It is too late.'}],
        ['busy', {status: 503, code: 'UNAVAILABLE', title: 'Service Unavailable', detail: 'Come back at noon.'}],
        ['closed', {status: 503, code: 'CLOSED', detail: 'The request can\'t be served at the moment. A later try may succeed.'}],
        ['server', {status: 502, code: 'UPSTREAM', title: 'Bad Gateway', detail: general}],
        ...['error', 'string', 'nothing', 'null', 'route', 'router', 'uri', 'httpLike', 'ok', 'beyond'].map(what => [
            what, {status: 500, code: 'INTERNAL_ERROR', title: 'Internal Server Error', detail: general}
        ] as const)
    ] as const)('(%s) is answered with a problem document and tells no secrets', async (what, expected) => {
        const seen: unknown[] = [];
        const {post, get} = await serveRouter(woltage, {onError: error => seen.push(error)});
        for (const path of ['fail', 'reject']) {
            expect(await problemOf(await post(`/todo/1/${path}`, {what}))).toMatchObject(expected);
            expect(await problemOf(await get(`/todos/${path}?what=${what}`))).toMatchObject(expected);
        }
        expect(seen).toEqual(expected.status >= 500 ? Array(4).fill(faults[what]) : []);
    });

    it('is kept by no cache', async () => {
        const {get} = await serveRouter(woltage);
        expect((await get('/todos/nope')).headers.get('cache-control')).toBe('no-store');
    });

    it('does not reach the application\'s own error handler, which may tell more', async () => {
        const seen: unknown[] = [];
        const app = express().use(createRouter(woltage));
        app.use(((error, _req, res, _next) => {
            seen.push(error);
            res.status(500).send(String(error));
        }) satisfies ErrorRequestHandler);
        const {get} = await serve(app);
        expect(await problemOf(await get('/todos/fail?what=error'))).toMatchObject({status: 500});
        expect(seen).toEqual([]);
    });
});

describe('validation', () => {
    it('is answered by field', async () => {
        const {post, get} = await serveRouter(woltage);
        expect(await problemOf(await post('/todo/1/add', {title: '', tags: [{name: 'a'}, {name: 1}]}))).toMatchObject({
            status: 400, code: 'VALIDATION_FAILED',
            errors: [
                {path: 'title', pointer: '#/title', message: expect.any(String) as string},
                {path: 'tags.1.name', pointer: '#/tags/1/name', message: expect.any(String) as string}
            ]
        });
        expect(await problemOf(await post('/todo/1/add', [1]))).toMatchObject({code: 'VALIDATION_FAILED', errors: [{path: '', pointer: '#'}]});
        expect(await problemOf(await get('/todos/byId?id=1&id=2'))).toMatchObject({code: 'VALIDATION_FAILED', errors: [{path: 'id', pointer: '#/id'}]});
    });

    it('names fields exactly, whatever they are called', async () => {
        const {post} = await serveRouter(woltage);
        const problem = await problemOf(await post('/todo/1/count', '{"a/b":"x","~ü":"x","__proto__":"x","\\ud800":"x","":"x"}'));
        expect(problem.errors).toMatchObject([
            {pointer: '#/a~1b'}, {pointer: '#/~0%C3%BC'}, {pointer: '#/%EF%BF%BD'}, {pointer: '#/'}
        ]);
    });
});

describe('onError and logger', () => {
    it('hear of errors on the server\'s side, with the request', async () => {
        const heard: unknown[] = [];
        const {get} = await serveRouter(woltage, {
            onError: (error, req) => heard.push([error, req.originalUrl]), logger: {error: (details, message) => heard.push([details, message])}
        });
        await problemOf(await get('/todos/fail?what=error'));
        await problemOf(await get('/todos/fail?what=conflict'));
        await problemOf(await get('/todos/nope'));
        expect(heard).toEqual([
            [{err: faults['error'], method: 'GET', path: '/api/todos/fail'}, 'A request failed'],
            [faults['error'], '/api/todos/fail?what=error']
        ]);
    });

    it.each([['throws', () => {
        throw new Error('hunter2');
    }], ['rejects', () => Promise.reject(new Error('hunter2'))], ['rejects with nothing', () => Promise.reject()]])(
        'that %s changes nothing about the answer, and is warned of', async (_how, onError) => {
            const warnings: Error[] = [];
            const listener = (warning: Error): unknown => warnings.push(warning);
            process.on('warning', listener);
            onTestFinished(() => void process.off('warning', listener));
            const {get} = await serveRouter(woltage, {onError});
            expect(await problemOf(await get('/todos/fail?what=error'))).toMatchObject({status: 500, code: 'INTERNAL_ERROR'});
            await expect.poll(() => warnings).toMatchObject([{name: 'WoltageWarning', message: expect.stringContaining('onError') as string}]);
        });
});
