import {EventEmitter, once} from 'node:events';
import type {Server} from 'node:http';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Woltage} from 'woltage';
import {received, serveRouter} from '../test/support/serve.ts';
import {createTodoWoltage, gates} from '../test/support/todo.ts';

let woltage: Woltage;

beforeAll(async () => {
    woltage = await createTodoWoltage();
});
afterAll(() => woltage.stop());

describe('a client that disconnects', () => {
    it('within its body leaves nothing behind, and the server goes on', async () => {
        const seen: unknown[] = [];
        const {server, raw, get} = await serveRouter(woltage, {onError: error => seen.push(error)});
        for (const length of ['Content-Length: 1000', 'Transfer-Encoding: chunked', 'Content-Encoding: gzip\r\nContent-Length: 1000']) {
            const socket = raw(`POST /api/todo/gone/note HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}\r\n\r\n`);
            socket.write('5\r\n"half');
            await once(server, 'request');
            socket.destroy();
        }
        await expect.poll(() => connectionsOf(server)).toBe(0);
        expect((await get('/todos/nothing')).status).toBe(204);
        expect(seen).toEqual([]);
    });

    it('before the answer harms nobody, and its command is done', async () => {
        let open = (): void => undefined;
        const opened = new Promise<void>(resolve => open = resolve);
        const signals = new EventEmitter();
        const seen: unknown[] = [];
        const {server, raw, get} = await serveRouter(woltage, {onError: error => seen.push(error), context: async () => {
            signals.emit('entered');
            await opened;
            return {};
        }});
        const socket = raw('POST /api/todo/left/add HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"title":"x"}');
        await once(signals, 'entered');
        socket.destroy();
        await expect.poll(() => connectionsOf(server)).toBe(0);
        open();
        await expect.poll(async () => (await get('/todos/byId?id=left')).json()).toEqual({id: 'left', title: 'x'});
        expect(seen).toEqual([]);
    });

    it('while its query waits for a position harms nobody', async () => {
        let open = (): void => undefined;
        gates.set('waited', new Promise(resolve => open = resolve));
        const {server, raw, get, post} = await serveRouter(woltage);
        const position = (await post('/todo/waited/add', {title: 'x'})).headers.get('Woltage-Position') ?? '';
        const socket = raw(`GET /api/todos/byId?id=waited HTTP/1.1\r\nHost: x\r\nWoltage-After: ${position}\r\n\r\n`);
        await once(server, 'request');
        socket.destroy();
        open();
        expect(await (await get('/todos/byId?id=waited', {'Woltage-After': position})).json()).toEqual({id: 'waited', title: 'x'});
    });

    it('that pipelines after a refused body is served', async () => {
        const {raw} = await serveRouter(woltage);
        const refused = 'POST /api/todo/p/note HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';
        const text = await received(raw(`${refused}GET /api/todos/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
        expect(text).toMatch(/^HTTP\/1\.1 415 .*HTTP\/1\.1 204 /s);
    });
});

const connectionsOf = (server: Server): Promise<number> =>
    new Promise((resolve, reject) => server.getConnections((error, count) => error === null ? resolve(count) : reject(error)));
