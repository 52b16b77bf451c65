import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

const app = fileURLToPath(new URL('./app.ts', import.meta.url));
const ROUNDS = Number(process.env['WOLTAGE_CRASH_ROUNDS'] ?? 12);

let folder = '';
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-crash-'));
    await writeFile(join(folder, 'effects.log'), '');
});
afterAll(() => rm(folder, {recursive: true}));

/** Runs the application until it ends, or kills it some ms after its first acknowledgement. */
async function run(mode: 'work' | 'verify', killAfterMs?: number): Promise<{readonly output: string; readonly signal: string | null}> {
    const child = spawn(process.execPath, ['--import', 'tsx', app, folder, mode], {stdio: ['ignore', 'pipe', 'pipe']});
    let output = '';
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (killAfterMs !== undefined && timer === undefined && output.includes('ack '))
            timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors += text);
    const [code, signal] = await once(child, 'close') as [number | null, string | null];
    clearTimeout(timer);
    expect(signal === 'SIGKILL' || code === 0, `exit code ${code}: ${errors}`).toBe(true);
    return {output, signal};
}

interface Found {
    readonly events: {readonly id: string; readonly aggregateId: string; readonly amount: number}[];
    readonly rows: {readonly id: string; readonly moves: number; readonly balance: number}[];
    readonly effects: string[];
}

describe('a process that is killed in the middle of commands, replays and switches', () => {
    it(`loses no acknowledged event, no row and no side effect in ${ROUNDS} rounds`, async () => {
        const acknowledged = new Set<string>();
        let kills = 0;
        for (let round = 0; round < ROUNDS; round++) {
            const {output, signal} = await run('work', round === ROUNDS - 1 ? undefined : Math.random() * 700);
            kills += signal === 'SIGKILL' ? 1 : 0;
            // The last line may have been cut off.
            for (const [, id] of output.slice(0, output.lastIndexOf('\n')).matchAll(/^ack (\S+)$/gm))
                acknowledged.add(id as string);
        }
        const {events, rows, effects} = JSON.parse((await run('verify')).output) as Found;

        const ids = new Set(events.map(({id}) => id));
        expect(kills).toBeGreaterThan(0);
        expect(ids.size).toBe(events.length);
        expect([...acknowledged].filter(id => !ids.has(id))).toEqual([]);

        const expected = new Map<string, {id: string; moves: number; balance: number}>();
        for (const {aggregateId, amount} of events) {
            const row = expected.get(aggregateId) ?? {id: aggregateId, moves: 0, balance: 0};
            expected.set(aggregateId, {id: aggregateId, moves: row.moves + 1, balance: row.balance + amount});
        }
        const byId = (a: {readonly id: string}, b: {readonly id: string}): number => a.id < b.id ? -1 : 1;
        expect([...rows].sort(byId)).toEqual([...expected.values()].sort(byId));

        // What came before the first activation is history; from the first effect on, each event has one.
        const had = new Set(effects);
        const first = events.findIndex(({id}) => had.has(id));
        expect(first).toBeGreaterThanOrEqual(0);
        expect(events.slice(first).filter(({id}) => !had.has(id))).toEqual([]);
        // An effect runs again only when the process died between it and its commit.
        expect(effects.length - had.size).toBeLessThanOrEqual(kills * 1000);
        process.stdout.write(`${kills} kills, ${events.length} events, ${acknowledged.size} acknowledged, ${effects.length - had.size} effects repeated\n`);
    }, 600_000);
});
