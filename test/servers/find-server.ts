import {describe, inject} from 'vitest';
import {hasDocker, startInDocker, type DockerServer} from './docker.ts';
import {kurrentdb} from './kurrentdb.ts';
import {mongodb} from './mongodb.ts';
import {postgres} from './postgres.ts';
import {redis} from './redis.ts';
import type {ServerKind, TestServer} from './server.ts';

export const kinds: readonly ServerKind[] = [postgres, redis, kurrentdb, mongodb];

/** Why there is no server. */
interface Missing {
    readonly missing: string;
}

/** What a search for a server has come to. */
export type Found = {readonly url: string} | Missing;

/** What a search for a way to start servers has come to. */
export type Startable = {readonly isStartable: true} | Missing;

/** A running server, and how to end it. */
export type Started = {readonly url: string; readonly stop: () => Promise<void>} | Missing;

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
export async function startServer<S extends TestServer>(kind: ServerKind<S>, settings: readonly string[] = []): Promise<S | DockerServer> {
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

/** Whether {@link startServer} can do it. */
export async function lookForStarter(kind: ServerKind): Promise<Startable> {
    return kind.isInstalled() || await hasDocker()
        ? {isStartable: true}
        : {missing: `${kind.title} can't be started and killed by tests here: start Docker, or install it: ${kind.install}`};
}

const isRequired = ({name}: ServerKind): boolean => process.env['WOLTAGE_REQUIRE']?.split(',').includes(name) === true;

/**
 * The server that all test files of this run share: started when the first one asks. For files that keep to a database of their own.
 *
 * @throws when there is none and `WOLTAGE_REQUIRE` names it
 */
export const findServer = (kind: ServerKind, suite: string): Promise<Found> => ask<Found>(kind, suite, 'shared');

/**
 * Whether a test file can start servers of its own with {@link startServer}.
 *
 * @throws when it can't and `WOLTAGE_REQUIRE` names the kind
 */
export const canStart = (kind: ServerKind, suite: string): Promise<Startable> => ask<Startable>(kind, suite, 'own');

async function ask<F extends Found | Startable>(kind: ServerKind, suite: string, whose: 'shared' | 'own'): Promise<F | Missing> {
    const desk = inject('serverDesk');
    const response = await fetch(`${desk}/${kind.name}/${whose}?suite=${encodeURIComponent(suite)}`);
    if (!response.ok)
        throw new Error(`${kind.title} could not be started: ${await response.text()}`);
    const found = await response.json() as F | Missing;
    if ('missing' in found && isRequired(kind))
        throw new Error(`WOLTAGE_REQUIRE names ${kind.name}, but ${found.missing}`);
    return found;
}

/** `describe` with a server. Without one its tests are skipped under a name that says why, and the run ends with a list of what is missing. */
export const describeWith = (found: Found | Startable, name: string, suite: () => void): void => {
    if ('missing' in found)
        describe.skip(`${name} (${found.missing})`, suite);
    else
        describe(name, suite);
};

/** The URL of what was found. To be called within {@link describeWith}. */
export function urlOf(found: Found): string {
    if ('missing' in found)
        throw new Error(found.missing);
    return found.url;
}
