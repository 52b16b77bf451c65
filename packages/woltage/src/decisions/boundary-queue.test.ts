import {describe, expect, it} from 'vitest';
import type {EventQuery} from '../ports/index.ts';
import {BoundaryQueue} from './boundary-queue.ts';

const a: EventQuery = [{types: ['x'], tags: ['a:1']}];
const b: EventQuery = [{types: ['x'], tags: ['b:1']}];
const ab: EventQuery = [...a, ...b];

/** Enters, and tells whether it is its turn by now. */
function enter(queue: BoundaryQueue, query: EventQuery): {readonly isIn: () => Promise<boolean>; readonly leave: () => Promise<void>} {
    let entered = false;
    const turn = queue.enter(query).then(leave => {
        entered = true;
        return leave;
    });
    return {
        async isIn() {
            await new Promise(resolve => setImmediate(resolve));
            return entered;
        },
        leave: async () => (await turn)()
    };
}

describe('A queue of boundaries', () => {
    it.each<[string, EventQuery, EventQuery, boolean]>([
        ['the same tag', a, a, true],
        ['the same tag, whatever the types', a, [{tags: ['a:1']}], true],
        ['one tag in common', ab, b, true],
        ['a tag, and the same with another', a, [{tags: ['b:1', 'a:1']}], true],
        ['another tag', a, b, false],
        ['two pairs of tags with one in common', [{tags: ['t:1', 'a:1']}], [{tags: ['t:1', 'b:1']}], false],
        ['a type without tags', [{types: ['x', 'y']}], [{types: ['y']}], true],
        ['another type without tags', [{types: ['x']}], [{types: ['y']}], false],
        ['a type with a tag and one without', a, [{types: ['x']}], false],
        ['everything', [{}], [{}], true]
    ])('lets decisions with %s wait: %j, %j: %s', async (_what, first, second, waits) => {
        for (const [one, two] of [[first, second], [second, first]] as const) {
            const queue = new BoundaryQueue();
            const before = enter(queue, one);
            const behind = enter(queue, two);
            expect(await before.isIn()).toBe(true);
            expect(await behind.isIn()).toBe(!waits);
            await before.leave();
            expect(await behind.isIn()).toBe(true);
            await behind.leave();
            expect(await enter(queue, one).isIn()).toBe(true);
        }
    });

    it('goes by the order of coming, also across boundaries', async () => {
        const queue = new BoundaryQueue();
        const [first, both, second, third] = [a, ab, b, a].map(query => enter(queue, query));
        expect([await first?.isIn(), await both?.isIn(), await second?.isIn(), await third?.isIn()]).toEqual([true, false, false, false]);
        await first?.leave();
        expect([await both?.isIn(), await second?.isIn(), await third?.isIn()]).toEqual([true, false, false]);
        await both?.leave();
        expect([await second?.isIn(), await third?.isIn()]).toEqual([true, true]);
    });

    it('lets ten thousand through one boundary one after the other, and as many through others', async () => {
        const queue = new BoundaryQueue();
        let inside = 0;
        await Promise.all(Array.from({length: 20_000}, async (_, i) => {
            const leave = await queue.enter(i % 2 === 0 ? [{tags: ['a:1']}, {tags: [`s:${i}`]}] : [{tags: [`s:${i}`]}]);
            if (i % 2 === 0)
                expect(++inside).toBe(1);
            await Promise.resolve();
            inside -= i % 2 === 0 ? 1 : 0;
            leave();
        }));
    });
});
