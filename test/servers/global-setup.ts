import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {TestProject} from 'vitest/node';
import {kinds, lookForStarter, obtainServer, type Found, type Startable, type Started} from './find-server.ts';
import type {ServerKind} from './server.ts';

/** Servers of this test run, by name; each is started when the first test file asks for it. */
const started = new Map<string, Promise<Started>>();
/** What could not be had, and the suites that asked for it. */
const missing = new Map<string, {readonly standIn: string | undefined; readonly suites: Set<string>}>();

/**
 * Vitest's global set-up: a desk in the main process, where test files (each a process of its own) ask for servers, so that all of
 * them share one, and none is started that nobody needs.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
    const desk = createServer((request, response) => void serve(request, response));
    desk.listen(0, '127.0.0.1');
    await once(desk, 'listening');
    desk.unref();
    project.provide('serverDesk', `http://127.0.0.1:${(desk.address() as AddressInfo).port}`);
    return async () => {
        desk.close();
        desk.closeAllConnections();
        for (const server of await Promise.allSettled(started.values())) {
            if (server.status === 'fulfilled' && 'stop' in server.value)
                await server.value.stop();
        }
        started.clear();
        for (const [why, {standIn, suites}] of missing)
            console.warn(`\n${standIn === undefined ? 'Not tested' : `Tested on ${standIn} alone`}: ${[...suites].sort().join(', ')}.\n  ${why}`);
        missing.clear();
    };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
        const {pathname, searchParams} = new URL(request.url ?? '/', 'http://desk');
        const [, name, whose] = pathname.split('/');
        const kind = kinds.find(one => one.name === name);
        if (kind === undefined)
            throw new Error(`There is no kind of server '${name}'.`);
        const found = await (whose === 'own' ? lookForStarter(kind) : share(kind));
        if ('missing' in found)
            note(found.missing, kind, searchParams.get('suite') ?? 'a suite without a name');
        response.end(JSON.stringify(found));
    } catch (error) {
        response.statusCode = 500;
        response.end((error as Error).message);
    }
}

async function share(kind: ServerKind): Promise<Found | Startable> {
    let server = started.get(kind.name);
    if (server === undefined)
        started.set(kind.name, server = obtainServer(kind));
    const result = await server;
    return 'url' in result ? {url: result.url} : result;
}

function note(why: string, {standIn}: ServerKind, suite: string): void {
    const noted = missing.get(why) ?? {standIn, suites: new Set()};
    noted.suites.add(suite);
    missing.set(why, noted);
}
