import {describe, expect, it} from 'vitest';
import {useChildren} from '../processes/use-children.ts';

const KEYS = 60;

interface Told {
    readonly n: number;
    readonly ids: readonly string[];
    readonly revisions: readonly string[];
}

const children = useChildren<Told>(new URL('child.ts', import.meta.url));
const start = (kind: string) => children.start(String(KEYS), kind);
const recorded = async (): Promise<string[]> => (await children.recorded()).map(({id}) => id);

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
            await children.kill([child]);
            lines.push(...child.lines);
        }
        const last = start(kind);
        await last.ended;
        const answers = checkAnswers([...lines, ...last.lines]);
        expect(answers.size).toBe(KEYS);
        expect((await recorded()).sort()).toEqual([...answers.values()].flatMap(({ids}) => ids).sort());
    });
});
