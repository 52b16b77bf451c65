import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {runChild, type Child} from '../processes/run-child.ts';

const KEYS = 60;
const script = new URL('child.ts', import.meta.url);

interface Told {
    readonly n: number;
    readonly ids: readonly string[];
    readonly revisions: readonly string[];
}

let folder: string;
let children: Child<Told>[] = [];
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'woltage-'));
});
afterEach(() => {
    for (const {process} of children)
        process.kill('SIGKILL');
    children = [];
    rmSync(folder, {recursive: true, force: true});
});

function start(kind: string): Child<Told> {
    const child = runChild<Told>(script, folder, String(KEYS), kind);
    children.push(child);
    return child;
}

/** The ids of all events, by aggregate. */
async function recorded(): Promise<string[]> {
    const store = new SQLiteEventStore({path: `${folder}/events.db`});
    await store.connect();
    const ids: string[] = [];
    for await (const {events, caughtUp} of store.subscribe()) {
        ids.push(...events.map(({id}) => id));
        if (caughtUp)
            break;
    }
    await store.close();
    return ids;
}

/** What was told of a key is the same whoever told it. */
function checkAnswers(lines: readonly Told[]): Map<number, Told> {
    const byKey = new Map<number, Told>();
    for (const told of lines)
        expect(told).toEqual(byKey.set(told.n, byKey.get(told.n) ?? told).get(told.n));
    return byKey;
}

describe.each([['commands', 'single', 1], ['units of work', 'unit', 3]])('idempotency keys of %s', (_name, kind, events) => {
    it('hold when two processes race for each of them', async () => {
        const racers = [start(kind), start(kind)];
        await Promise.all(racers.map(({ended}) => ended));
        const answers = checkAnswers(racers.flatMap(({lines}) => lines));
        expect(answers.size).toBe(KEYS);
        expect(new Set(await recorded())).toEqual(new Set([...answers.values()].flatMap(({ids}) => ids)));
        expect(await recorded()).toHaveLength(KEYS * events);
    });

    it('hold when processes are killed at any moment and all is asked for again', async () => {
        const lines: Told[] = [];
        for (let round = 0; round < 6; round++) {
            const child = start(kind);
            await child.told(5 + round * 8);
            child.process.kill('SIGKILL');
            await child.ended;
            lines.push(...child.lines);
        }
        const last = start(kind);
        await last.ended;
        const answers = checkAnswers([...lines, ...last.lines]);
        expect(answers.size).toBe(KEYS);
        expect((await recorded()).sort()).toEqual([...answers.values()].flatMap(({ids}) => ids).sort());
    });
});
