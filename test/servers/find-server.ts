import {describe, inject} from 'vitest';
import {hasDocker, startInDocker} from './docker.ts';
import {mongodb} from './mongodb.ts';
import {postgres} from './postgres.ts';
import type {ServerKind, TestServer} from './server.ts';

export const kinds: readonly ServerKind[] = [postgres, mongodb];

/** What a search for a server has come to. */
export type Found = {readonly url: string} | {readonly missing: string};

/** A running server, and how to end it. */
export type Started = {readonly url: string; readonly stop: () => Promise<void>} | {readonly missing: string};

declare module 'vitest' {
    interface ProvidedContext {
        /** Where the test run's own process tells of servers, see `global-setup.ts`. */
        serverDesk: string;
    }
}

/** Looks for a server: one that the environment names, Docker, a program of this machine. */
export async function obtainServer(kind: ServerKind): Promise<Started> {
    const given = process.env[kind.variable];
    if (given !== undefined && given !== '')
        return {url: given, stop: () => Promise.resolve()};
    try {
        return await startServer(kind);
    } catch (error) {
        if (error instanceof MissingServer)
            return {missing: error.message};
        throw error;
    }
}

class MissingServer extends Error {}

/** Starts a server of a test's own, to be killed and started again. @throws where there is neither Docker nor a program */
export async function startServer(kind: ServerKind, settings: readonly string[] = []): Promise<TestServer> {
    if (await hasDocker()) {
        try {
            return await startInDocker(kind, settings);
        } catch (error) {
            // Without a network there may be no image.
            if (!kind.isInstalled())
                throw error;
        }
    }
    if (!kind.isInstalled())
        throw new MissingServer(`${kind.title} is not here: set ${kind.variable}, start Docker, or install it: ${kind.install}`);
    return kind.startLocal(settings);
}

const isRequired = ({name}: ServerKind): boolean => process.env['WOLTAGE_REQUIRE']?.split(',').includes(name) === true;

/**
 * The server that all test files of this run share: started when the first one asks. For files that keep to a database of their own.
 *
 * @throws when there is none and `WOLTAGE_REQUIRE` names it
 */
export async function findServer(kind: ServerKind, suite: string): Promise<Found> {
    const found = await ask(kind, suite);
    if ('missing' in found && isRequired(kind))
        throw new Error(`WOLTAGE_REQUIRE names ${kind.name}, but ${found.missing}`);
    return found;
}

async function ask(kind: ServerKind, suite: string): Promise<Found> {
    const desk = inject('serverDesk');
    const response = await fetch(`${desk}/${kind.name}?suite=${encodeURIComponent(suite)}`);
    if (!response.ok)
        throw new Error(`${kind.title} could not be started: ${await response.text()}`);
    return await response.json() as Found;
}

/** `describe` with a server. Without one its tests are skipped under a name that says why, and the run ends with a list of what is missing. */
export const describeWith = (found: Found, name: string, suite: () => void): void => {
    if ('url' in found)
        describe(name, suite);
    else
        describe.skip(`${name} (${found.missing})`, suite);
};

/** The URL of what was found. To be called within {@link describeWith}. */
export function urlOf(found: Found): string {
    if ('missing' in found)
        throw new Error(found.missing);
    return found.url;
}
