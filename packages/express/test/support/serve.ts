import {once} from 'node:events';
import {createServer, type RequestListener, type Server} from 'node:http';
import {connect, type AddressInfo, type Socket} from 'node:net';
import express from 'express';
import {expect, onTestFinished} from 'vitest';
import type {Woltage} from 'woltage';
import {createRouter, type RouterOptions} from '../../src/index.ts';

export interface Served {
    readonly base: string;
    readonly port: number;
    readonly server: Server;
    get(path: string, headers?: Record<string, string>): Promise<Response>;
    /** A string is sent as it is, everything else as JSON. */
    post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
    delete(path: string): Promise<Response>;
    /** A connection for what fetch would not send. */
    raw(text: string): Socket;
}

/** A real server on 127.0.0.1, which ends with the test. */
export async function serve(app: RequestListener, prefix = ''): Promise<Served> {
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const {port} = server.address() as AddressInfo;
    onTestFinished(async () => {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
    });
    const base = `http://127.0.0.1:${port}${prefix}`;
    return {
        base, port, server,
        get: (path, headers = {}) => fetch(base + path, {headers}),
        post: (path, body, headers = {}) => fetch(base + path, {
            method: 'POST', headers: {...body === undefined ? {} : {'content-type': 'application/json'}, ...headers},
            ...body === undefined ? {} : {body: typeof body === 'string' ? body : JSON.stringify(body)}
        }),
        delete: path => fetch(base + path, {method: 'DELETE'}),
        raw(text) {
            const socket = connect(port, '127.0.0.1');
            socket.on('error', () => socket.destroy());
            onTestFinished(() => void socket.destroy());
            socket.write(text);
            return socket;
        }
    };
}

/** An application with the router under `/api`. */
export const serveRouter = (woltage: Woltage, options?: RouterOptions): Promise<Served> =>
    serve(express().use('/api', createRouter(woltage, options)), '/api');

/** The problem document of an answer, checked for what all of them share. */
export async function problemOf(response: Response) {
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const text = await response.text();
    expect(text).not.toContain('hunter2');
    const problem = JSON.parse(text) as {status: number; code: string; detail: string; errors?: unknown};
    expect(problem.status).toBe(response.status);
    expect(Object.keys(problem).slice(0, 5)).toEqual(['type', 'title', 'status', 'detail', 'code']);
    return problem;
}

/** Everything that a server sent until it closed the connection, or until it said `end`. */
export async function received(socket: Socket, end?: string): Promise<string> {
    let text = '';
    for await (const chunk of socket) {
        text += String(chunk);
        if (end !== undefined && text.includes(end))
            break;
    }
    return text;
}
