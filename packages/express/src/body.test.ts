import {request} from 'node:http';
import {gzipSync} from 'node:zlib';
import express from 'express';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {Woltage} from 'woltage';
import {problemOf, received, serve, serveRouter} from '../test/support/serve.ts';
import {createTodoWoltage, todo} from '../test/support/todo.ts';
import {createRouter} from './index.ts';

let woltage: Woltage;

beforeAll(async () => {
    woltage = await createTodoWoltage();
});
afterAll(() => woltage.stop());

const noted = async (id: string): Promise<unknown[]> => (await woltage.stateOf(todo, id)).notes;

describe('a body', () => {
    it.each(['{"a":{"b":[1]}}', '[1]', '"text"', '5', 'true', 'false', '0', '""', 'null'])('of %s is the payload as it is', async body => {
        const {post} = await serveRouter(woltage);
        expect((await post(`/todo/as-is ${body}/note`, body)).status).toBe(200);
        expect(await noted(`as-is ${body}`)).toEqual([JSON.parse(body)]);
    });

    it('that is missing is {}', async () => {
        const {post} = await serveRouter(woltage);
        expect((await post('/todo/missing/touch')).status).toBe(200);
        expect((await post('/todo/missing/note')).status).toBe(200);
        expect((await post('/todo/missing/note', '', {'content-type': 'text/plain'})).status).toBe(200);
        expect(await noted('missing')).toEqual(['touched', {}, {}]);
    });

    it('that is null is not mistaken for a missing one', async () => {
        const {post} = await serveRouter(woltage);
        expect(await problemOf(await post('/todo/null/touch', 'null'))).toMatchObject({status: 400, code: 'VALIDATION_FAILED'});
    });

    it('can name a field __proto__ without harm', async () => {
        const {post} = await serveRouter(woltage);
        expect((await post('/todo/proto/note', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')).status).toBe(200);
        expect(({} as {polluted?: unknown}).polluted).toBeUndefined();
    });

    it('may be of any JSON media type, and packed', async () => {
        const {post, base} = await serveRouter(woltage);
        expect((await post('/todo/types/note', '1', {'content-type': 'application/vnd.api+json; charset=utf-8'})).status).toBe(200);
        const packed = await fetch(`${base}/todo/types/note`, {
            method: 'POST', headers: {'content-type': 'application/json', 'content-encoding': 'gzip'}, body: gzipSync('"packed"')
        });
        expect(packed.status).toBe(200);
        expect(await noted('types')).toEqual([1, 'packed']);
    });

    it.each([
        ['{"note":', {}, 400, 'INVALID_JSON'],
        ['hunter2', {}, 400, 'INVALID_JSON'],
        ['{} {}', {}, 400, 'INVALID_JSON'],
        [' ', {}, 400, 'INVALID_JSON'],
        ['{}', {'content-type': 'text/plain'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['a=1', {'content-type': 'application/x-www-form-urlencoded'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['{}', {'content-type': 'nonsense'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['{}', {'content-type': 'application/json; charset=nope'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['{}', {'content-type': 'application/json; charset=iso-8859-1'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['{}', {'content-encoding': 'nope'}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        ['{}', {'content-encoding': 'gzip'}, 400, 'BAD_REQUEST']
    ])('of %j with %j is refused', async (body, headers, status, code) => {
        const {post} = await serveRouter(woltage);
        expect(await problemOf(await post('/todo/bad/note', body, headers as Record<string, string>))).toMatchObject({status, code});
        expect(await noted('bad')).toEqual([]);
    });

    it('without a content type is refused', async () => {
        const {raw} = await serveRouter(woltage);
        const socket = raw('POST /api/todo/bare/note HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}');
        expect(await received(socket)).toMatch(/^HTTP\/1\.1 415 .*UNSUPPORTED_MEDIA_TYPE/s);
    });

    it('nested a hundred thousand levels deep harms nobody', async () => {
        const {post} = await serveRouter(woltage, {bodyLimit: '1mb'});
        const depth = 100_000;
        const problem = await problemOf(await post('/todo/deep/note', '['.repeat(depth) + ']'.repeat(depth)));
        expect(problem).toMatchObject({status: 400, code: 'NOT_ENCODABLE'});
    });
});

describe('a body that is no UTF-8', () => {
    it('is refused: decoding it would change it', async () => {
        const {base} = await serveRouter(woltage);
        const body = Buffer.concat([Buffer.from('{"title": "'), Buffer.from([0xff]), Buffer.from('"}')]);
        const response = await fetch(`${base}/todo/bytes/note`, {method: 'POST', headers: {'content-type': 'application/json'}, body});
        expect(await problemOf(response)).toMatchObject({status: 400, code: 'INVALID_JSON', detail: 'The body is not valid UTF-8.'});
        expect(await noted('bytes')).toEqual([]);
    });
});

describe('a body beyond the limit', () => {
    it('is refused, and one at the limit is not', async () => {
        const {post} = await serveRouter(woltage, {bodyLimit: 10});
        expect((await post('/todo/limit/note', '"12345678"')).status).toBe(200);
        expect(await problemOf(await post('/todo/limit/note', '"123456789"'))).toMatchObject({status: 413, code: 'PAYLOAD_TOO_LARGE'});
    });

    it('is refused unpacked too', async () => {
        const {base} = await serveRouter(woltage);
        const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, '1'));
        expect(bomb.length).toBeLessThan(100 * 1024);
        const response = await fetch(`${base}/todo/bomb/note`, {
            method: 'POST', headers: {'content-type': 'application/json', 'content-encoding': 'gzip'}, body: bomb
        });
        expect(await problemOf(response)).toMatchObject({status: 413, code: 'PAYLOAD_TOO_LARGE'});
    });

    it.each([['announced', {'content-length': String(50 * 1024 * 1024)}], ['in chunks', {}]])(
        'of 50 MB, %s, is refused without being taken in, and the server goes on', async (_how, headers) => {
            const {base, post} = await serveRouter(woltage);
            const before = process.memoryUsage().rss;
            const chunk = Buffer.alloc(64 * 1024, '1');
            let sent = 0;
            const status = await new Promise<number | undefined>((resolve, reject) => {
                const req = request(`${base}/todo/big/note`, {method: 'POST', headers: {'content-type': 'application/json', ...headers}}, res => {
                    res.resume();
                    resolve(res.statusCode);
                });
                const send = (): void => {
                    for (; sent < 50 * 1024 * 1024; sent += chunk.length) {
                        if (!req.write(chunk)) {
                            sent += chunk.length;
                            req.once('drain', send);
                            return;
                        }
                    }
                    req.end();
                };
                req.on('error', reject);
                send();
            });
            expect(status).toBe(413);
            expect(process.memoryUsage().rss - before).toBeLessThan(40 * 1024 * 1024);
            expect((await post('/todo/after-big/note', 1)).status).toBe(200);
        });

    it('is refused while the client is still sending, and the connection ends soon', async () => {
        const {raw} = await serveRouter(woltage, {bodyLimit: 100});
        const began = Date.now();
        const socket = raw('POST /api/todo/endless/note HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
        const sending = setInterval(() => socket.write(`400\r\n${'1'.repeat(0x400)}\r\n`), 50);
        onTestFinished(() => clearInterval(sending));
        expect(await received(socket)).toMatch(/^HTTP\/1\.1 413 /);
        // The server closed it, long before its time limit for requests.
        expect(Date.now() - began).toBeLessThan(15_000);
    });

    it('that is announced is refused before any of it has come', async () => {
        const {raw} = await serveRouter(woltage);
        const socket = raw('POST /api/todo/announced/note HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n');
        expect(await received(socket, 'PAYLOAD_TOO_LARGE')).toMatch(/^HTTP\/1\.1 413 /);
    });
});

describe('an application that parses bodies itself', () => {
    it('is not asked to do so again', async () => {
        const {post} = await serve(express().use(express.json({limit: '1mb'})).use(createRouter(woltage, {bodyLimit: 10})));
        expect((await post('/todo/parsed/note', {title: 'longer than ten bytes'})).status).toBe(200);
        expect((await post('/todo/parsed/note')).status).toBe(200);
        expect(await noted('parsed')).toEqual([{title: 'longer than ten bytes'}, {}]);
    });

    it('can\'t make a form a command', async () => {
        const {post} = await serve(express().use(express.urlencoded({extended: false}), express.json()).use(createRouter(woltage)));
        const form = {'content-type': 'application/x-www-form-urlencoded'};
        expect(await problemOf(await post('/todo/form/note', 'a=1', form))).toMatchObject({status: 415, code: 'UNSUPPORTED_MEDIA_TYPE'});
        expect(await noted('form')).toEqual([]);
    });
});
