import {expect, it} from 'vitest';
import {describeAdapters} from './suites.ts';
import {inFolder, pause, Process, verify, type Effect} from './support.ts';

const SECONDS = Number(process.env['WOLTAGE_CRASH_SECONDS'] ?? 20);
const LEASE_MS = 1000;
/** With `WOLTAGE_CRASH_PROCESSES_ON=redis,mongodb` on others. */
const ADAPTERS = (process.env['WOLTAGE_CRASH_PROCESSES_ON'] ?? 'sqlite,postgres').split(',');

interface Sleep {
    readonly pid: number;
    readonly from: number;
    readonly to: number;
}

/** Three processes on the same databases. */
class Trio {
    readonly processes: Process[] = [];
    readonly #folder: string;
    readonly #adapter: string;
    readonly #env: NodeJS.ProcessEnv;
    readonly #all: Process[] = [];

    constructor(folder: string, adapter: string, env: NodeJS.ProcessEnv) {
        this.#folder = folder;
        this.#adapter = adapter;
        this.#env = {...env, WOLTAGE_CRASH_LEASE_MS: String(LEASE_MS)};
    }

    async start(slot: number): Promise<void> {
        const started = this.processes[slot] = new Process('app.ts', [this.#folder, this.#adapter, 'serve', `p${slot}`], this.#env);
        this.#all.push(started);
        await started.says('ready');
    }

    any(): Process {
        return pick(this.processes);
    }

    async stop(): Promise<void> {
        for (const one of this.processes)
            one.tell('stop');
        await Promise.all(this.processes.map(one => one.ended()));
    }

    killAll(): void {
        for (const one of this.#all)
            one.child.kill('SIGKILL');
    }

    async verify() {
        const acknowledged = this.#all.flatMap(one => one.acknowledged);
        const switches = this.#all.reduce((sum, {output}) => sum + [...output.matchAll(/^switched/gm)].length, 0);
        return {...await verify(this.#folder, this.#adapter, acknowledged, this.#env), switches};
    }
}

/** Has something happen to one of three processes, again and again, while all send commands and are told to switch. */
async function live(trio: Trio, happen: () => Promise<void>) {
    try {
        await trio.start(0);
        trio.processes[0]?.tell('switch');
        await trio.processes[0]?.says('switched');
        await trio.start(1);
        await trio.start(2);
        for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
            trio.any().tell('switch');
            await pause(Math.random() * 300);
            await happen();
        }
        await trio.stop();
        return await trio.verify();
    } finally {
        trio.killAll();
    }
}

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

await describeAdapters('three processes on the same databases, under load and switched by any of them', (adapter, {env}) => {
    it('lose nothing when one is killed, stopped and started again', () => inFolder(async folder => {
        let kills = 0;
        const trio = new Trio(folder, adapter, env);
        const result = await live(trio, async () => {
            const slot = pick([0, 1, 2]);
            const one = trio.processes[slot];
            if (Math.random() < 0.6) {
                one?.child.kill('SIGKILL');
                kills++;
            } else {
                one?.tell('stop');
            }
            await one?.ended();
            await trio.start(slot);
        });
        expect(kills).toBeGreaterThan(0);
        expect(result.switches).toBeGreaterThan(2);
        expect(result.repeats).toBeLessThanOrEqual(kills * 100);
        process.stdout.write(`three processes on ${adapter}: ${kills} kills, ${result.switches} switches, ${result.events} events, ${result.repeats} effects repeated\n`);
    }), 600_000);

    it('have one that is paused for longer than its lease write nothing and run no side effect when it wakes up', () => inFolder(async folder => {
        const sleeps: Sleep[] = [];
        const trio = new Trio(folder, adapter, env);
        const result = await live(trio, async () => {
            const sleeper = trio.any();
            const from = Date.now();
            sleeper.child.kill('SIGSTOP');
            await pause(LEASE_MS * (1.5 + Math.random()));
            const to = Date.now();
            sleeper.child.kill('SIGCONT');
            sleeps.push({pid: sleeper.pid, from, to});
            await pause(300);
        });
        expect(sleeps.length).toBeGreaterThan(2);
        expect(result.switches).toBeGreaterThan(0);
        expect(lateEffects(result.effects, sleeps)).toEqual([]);
        process.stdout.write(`three processes on ${adapter}: ${sleeps.length} sleeps, ${result.switches} switches, ${result.events} events, ${result.repeats} effects repeated\n`);
    }), 600_000);
}, ADAPTERS);

/** Effects that a process ran after it had slept, although another one had run them while it slept. */
function lateEffects(effects: readonly Effect[], sleeps: readonly Sleep[]): Effect[] {
    const first = new Map<string, Effect>();
    return effects.filter(effect => {
        const key = `${effect.kind} ${effect.id}`;
        const before = first.get(key);
        first.set(key, before ?? effect);
        return before !== undefined && before.pid !== effect.pid
            && sleeps.some(({pid, from, to}) => pid === effect.pid && before.at >= from && before.at <= to && effect.at >= to);
    });
}
