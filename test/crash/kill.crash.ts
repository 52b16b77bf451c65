import {describe, expect, it} from 'vitest';
import {adapters} from './adapters.ts';
import {inFolder, pause, Process, verify} from './support.ts';

const ROUNDS = Number(process.env['WOLTAGE_CRASH_ROUNDS'] ?? 40);

describe.each(Object.keys(adapters))('on %s, a process that is killed in the middle of commands, replays and switches', adapter => {
    it(`loses no acknowledged event, no row and no side effect in ${ROUNDS} rounds`, () => inFolder(async folder => {
        const acknowledged: string[] = [];
        let kills = 0;
        for (let round = 0; round < ROUNDS; round++) {
            const worker = new Process('app.ts', [folder, adapter, 'work']);
            if (round < ROUNDS - 1) {
                await worker.says('ack ');
                await pause(Math.random() * 500);
                worker.child.kill('SIGKILL');
            }
            kills += await worker.ended() === 'SIGKILL' ? 1 : 0;
            acknowledged.push(...worker.acknowledged);
        }
        const {events, repeats} = await verify(folder, adapter, acknowledged);
        expect(kills).toBeGreaterThan(ROUNDS / 2);
        // An effect runs again only when the process died between it and its commit.
        expect(repeats).toBeLessThanOrEqual(kills * 1000);
        process.stdout.write(`${adapter}: ${kills} kills, ${events} events, ${acknowledged.length} acknowledged, ${repeats} effects repeated\n`);
    }), 900_000);
});
