import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {afterEach, beforeEach} from 'vitest';
import type {RecordedEvent} from 'woltage';
import {runChild, type Child} from './run-child.ts';

export interface Children<L> {
    /** A new one for each test. */
    readonly folder: string;
    /** Starts one, with the folder as its first argument. */
    start(...args: readonly string[]): Child<L>;
    /** Kills them, and waits for their ends. */
    kill(children: readonly Child<L>[]): Promise<void>;
    /** All that is in the folder's `events.db`, in order. */
    recorded(): Promise<readonly RecordedEvent[]>;
}

/** Gives each test of a suite a folder and processes that work in it; after the test both are gone. */
export function useChildren<L>(script: URL): Children<L> {
    let folder: string;
    let all: Child<L>[] = [];
    const kill = async (children: readonly Child<L>[]): Promise<void> => {
        for (const {process} of children)
            process.kill('SIGKILL');
        await Promise.all(children.map(({ended}) => ended));
    };
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), 'woltage-'));
    });
    afterEach(async () => {
        // One that has failed has told the test so.
        await kill(all).catch(() => undefined);
        all = [];
        rmSync(folder, {recursive: true, force: true});
    });
    return {
        kill,
        get folder() {
            return folder;
        },
        start(...args) {
            const child = runChild<L>(script, folder, ...args);
            all.push(child);
            return child;
        },
        recorded: () => eventsIn(join(folder, 'events.db'))
    };
}

async function eventsIn(path: string): Promise<readonly RecordedEvent[]> {
    const store = new SQLiteEventStore({path});
    await store.connect();
    const all: RecordedEvent[] = [];
    for await (const {events, caughtUp} of store.subscribe()) {
        all.push(...events);
        if (caughtUp)
            break;
    }
    await store.close();
    return all;
}
