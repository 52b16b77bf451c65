import {expect, it} from 'vitest';
import {ReplayTurns} from './replay-turns.ts';

it('Replays begin one batch in a turn of the event loop, in the order of asking; one on its own is not held up', async () => {
    const turns = new ReplayTurns();
    const log: string[] = [];
    const replay = async (name: string) => {
        for (let batch = 1; batch <= 3; batch++) {
            await turns.next();
            log.push(`${name}${batch}`);
        }
    };
    await turns.next();
    const replays = Promise.all(['a', 'b'].map(replay));
    let isDone = false;
    void replays.then(() => isDone = true);
    while (!isDone) {
        await new Promise(resolve => setImmediate(resolve));
        log.push('-');
    }
    expect(log.join(' ').replace(/( -)+$/, '')).toBe('a1 - b1 - a2 - b2 - a3 - b3');
});
