import {expect, it} from 'vitest';
import {describeAdapters} from './suites.ts';
import {inFolder, pause, Process, verify} from './support.ts';

const ROUNDS = Number(process.env['WOLTAGE_CRASH_ROUNDS'] ?? 40);

await describeAdapters('a process that is killed in the middle of commands, replays and switches', (adapter, {env, slowness}) => {
    const rounds = Math.ceil(ROUNDS / slowness);

    it(`loses no acknowledged event, no row and no side effect in ${rounds} rounds`, () => inFolder(async folder => {
        const acknowledged: string[] = [];
        let kills = 0;
        for (let round = 0; round < rounds; round++) {
            const worker = new Process('app.ts', [folder, adapter, 'work'], env);
            if (round < rounds - 1) {
                await worker.says('ack ');
                await pause(Math.random() * slowness * 500);
                worker.child.kill('SIGKILL');
            }
            kills += await worker.ended() === 'SIGKILL' ? 1 : 0;
            acknowledged.push(...worker.acknowledged);
        }
        const {events, repeats} = await verify(folder, adapter, acknowledged, env);
        expect(kills).toBeGreaterThan(rounds / 2);
        // An effect runs again only when the process died between it and its commit.
        expect(repeats).toBeLessThanOrEqual(kills * 1000);
        process.stdout.write(`${adapter}: ${kills} kills, ${events} events, ${acknowledged.length} acknowledged, ${repeats} effects repeated\n`);
    }), 900_000);
});
