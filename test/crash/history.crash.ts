import {expect, it} from 'vitest';
import {inFolder, Process} from './support.ts';

const EVENTS = Number(process.env['WOLTAGE_HISTORY_EVENTS'] ?? 1_000_000);
const MIB = 1024 * 1024;

it(`replays ${EVENTS} events in a heap that stays as it is`, () => inFolder(async folder => {
    // Where memory grows with the history, this is an error of V8, or a heap at the end that is larger than the one on the way.
    const replay = new Process('history-app.ts', [folder, 'sqlite', String(EVENTS)], {NODE_OPTIONS: '--expose-gc --max-old-space-size=160'});
    expect(await replay.ended()).toBeNull();
    const heaps = [...replay.output.matchAll(/^heap (\d+) (\d+)$/gm)].map(([, , bytes]) => Number(bytes) / MIB);
    expect(heaps).toHaveLength(10);
    const sum = Array.from({length: 10}, (_, by) => by * EVENTS / 10).reduce((a, b) => a + b, 0);
    expect(JSON.parse(/^sums (.*)$/m.exec(replay.output)?.[1] ?? 'null')).toEqual({events: EVENTS, sum});
    // The first is taken before the caches are full.
    const [, early = 0] = heaps;
    const late = heaps.at(-1) ?? 0;
    process.stdout.write(`heap after each tenth of ${EVENTS} events, in MiB: ${heaps.map(bytes => bytes.toFixed(0)).join(', ')}\n`);
    expect(late).toBeLessThan(early * 1.2);
}), 1_800_000);
