import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect} from 'vitest';
import {compiled} from './build.ts';

/** A process of one of the programs of this folder, and what it has said so far. It doesn't outlive the test process. */
export class Process {
    readonly child: ChildProcess;
    output = '';
    errors = '';
    readonly #closed: Promise<[number | null, string | null]>;

    constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
        this.child = spawn(process.execPath, [compiled(program), ...args], {stdio: ['pipe', 'pipe', 'pipe'], env: {...process.env, ...env}});
        this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.output += text);
        this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.errors += text);
        // An order may meet a process that has just died.
        this.child.stdin?.on('error', () => undefined);
        const kill = (): void => void this.child.kill('SIGKILL');
        process.once('exit', kill);
        this.#closed = once(this.child, 'close').finally(() => process.off('exit', kill)) as Promise<[number | null, string | null]>;
    }

    get pid(): number {
        return this.child.pid as number;
    }

    /** Gives it an order. */
    tell(order: string): void {
        this.child.stdin?.write(`${order}\n`);
    }

    /** Waits until it has said something. */
    async says(text: string, timeoutMs = 60_000): Promise<void> {
        for (const end = Date.now() + timeoutMs; !this.output.includes(text) && this.child.exitCode === null && this.child.signalCode === null;) {
            if (Date.now() > end)
                throw new Error(`Process ${this.pid} has not said '${text}': ${this.output.slice(-500)} ${this.errors}`);
            await pause(2);
        }
    }

    /** Waits for its end. @returns The signal that ended it, if one did; any other end than that and code 0 is a failure */
    async ended(): Promise<string | null> {
        const [code, signal] = await this.#closed;
        expect(signal === 'SIGKILL' || code === 0, `exit code ${code}, signal ${signal}: ${this.errors}`).toBe(true);
        return signal;
    }

    /** The ids of events that were acknowledged. */
    get acknowledged(): string[] {
        // The last line may have been cut off.
        return [...this.output.slice(0, this.output.lastIndexOf('\n')).matchAll(/^ack (\S+)$/gm)].map(([, id]) => id as string);
    }
}

export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** A folder for one test, with an empty record of effects. */
export async function inFolder<R>(test: (folder: string) => Promise<R>): Promise<R> {
    const folder = await mkdtemp(join(tmpdir(), 'woltage-crash-'));
    try {
        await writeFile(join(folder, 'effects.log'), '');
        return await test(folder);
    } finally {
        await rm(folder, {recursive: true, force: true});
    }
}

export interface Effect {
    readonly kind: string;
    readonly id: string;
    readonly pid: number;
    readonly at: number;
}

interface Found {
    readonly events: {readonly id: string; readonly type: string; readonly aggregateId: string; readonly payload: {readonly amount: number; readonly of: string}}[];
    readonly rows: {readonly id: string; readonly moves: number; readonly balance: number}[];
    readonly ranks: {readonly id: string; readonly moves: number; readonly balance: number}[];
    readonly failed: unknown[];
    readonly effects: string[];
}

/**
 * Lets everything come to rest and compares it with the model: nothing acknowledged is lost, rows are exactly what the events make of them, from the first effect
 * on each event has its effects, and what was emitted is there once.
 */
export async function verify(folder: string, adapter: string, acknowledged: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const verifier = new Process('app.ts', [folder, adapter, 'verify', 'verify'], env);
    await verifier.ended();
    const found = JSON.parse(verifier.output) as Found;
    const moved = found.events.filter(({type}) => type === 'moved');
    const ids = new Set(moved.map(({id}) => id));
    expect(ids.size).toBe(moved.length);
    expect(acknowledged.filter(id => !ids.has(id))).toEqual([]);

    const model = new Map<string, {id: string; moves: number; balance: number}>();
    for (const {aggregateId, payload: {amount}} of moved) {
        const row = model.get(aggregateId) ?? {id: aggregateId, moves: 0, balance: 0};
        model.set(aggregateId, {id: aggregateId, moves: row.moves + 1, balance: row.balance + amount});
    }
    const byId = (a: {readonly id: string}, b: {readonly id: string}): number => a.id < b.id ? -1 : 1;
    const expected = [...model.values()].sort(byId);
    expect([...found.rows].sort(byId)).toEqual(expected);
    expect([...found.ranks].sort(byId)).toEqual(expected);

    const effects = found.effects.map((line): Effect => {
        const [kind = '', id = '', pid, at] = line.split(' ');
        return {kind, id, pid: Number(pid), at: Number(at)};
    });
    const had = (kind: string): Set<string> => new Set(effects.filter(effect => effect.kind === kind).map(({id}) => id));
    const inline = had('inline');
    // What came before the first activation is history; from the first effect on, each event has one.
    const first = moved.findIndex(({id}) => inline.has(id));
    expect(first).toBeGreaterThanOrEqual(0);
    const due = moved.slice(first);
    const missing = (list: typeof due, seen: ReadonlySet<string>): string[] => list.filter(({id}) => !seen.has(id)).map(({id}) => id);
    expect(missing(due, inline)).toEqual([]);
    expect(missing(due.filter(({payload}) => payload.amount % 7 === 0), had('durable'))).toEqual([]);
    expect(found.failed).toEqual([]);
    const notes = found.events.filter(({type}) => type === 'noted').map(({payload}) => payload.of);
    expect(new Set(notes).size).toBe(notes.length);
    expect(missing(due.filter(({payload}) => payload.amount % 10 === 0), new Set(notes))).toEqual([]);
    return {events: moved.length, effects, repeats: effects.filter(({kind}) => kind === 'inline').length - inline.size};
}
