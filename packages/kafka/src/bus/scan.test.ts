import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {RecordedMessage} from 'woltage';
import type {IKafkaReader} from '../driver/kafka-driver.ts';
import {findOffset, lastPosition} from './scan.ts';

const place = {topic: 't', partition: 0};

/** A partition whose messages are marks of these positions; `null`: somebody else's message. Batches of seven. */
function readerOf(positions: readonly (number | null)[], start = 0): IKafkaReader {
    const message = (offset: number): RecordedMessage => {
        const position = positions[offset] ?? null;
        const headers: Record<string, string> = position === null ? {} : {'woltage-mark': String(position)};
        return {...place, offset: BigInt(offset), key: null, value: Buffer.alloc(0), headers, timestamp: 0};
    };
    return {
        offsets: async (_places, at) => [BigInt(at === 'start' ? start : positions.length)],
        leaders: async () => [1],
        close: async () => undefined,
        fetch: async ([{offset} = {offset: 0n}]) => {
            const next = Math.min(positions.length, Number(offset) + 7);
            const messages = Array.from({length: next - Number(offset)}, (_, n) => message(Number(offset) + n));
            return [{...place, messages, nextOffset: BigInt(next), startOffset: BigInt(start), endOffset: BigInt(positions.length)}];
        }
    };
}

describe('The first offset beyond a position', () => {
    it('is found whatever late publishers have repeated', async () => {
        await fc.assert(fc.asyncProperty(
            fc.array(fc.tuple(fc.nat({max: 40}), fc.nat({max: 40}), fc.boolean()), {maxLength: 12}), fc.nat({max: 300}), async (stretches, after) => {
                const positions: (number | null)[] = [];
                let head = 0;
                for (const [forward, back, isForeign] of stretches) {
                    for (let n = 0; n < forward; n++)
                        positions.push(head++);
                    // A batch of one that has slept.
                    for (let position = Math.max(0, head - 2 * back); position < head - back; position++)
                        positions.push(position);
                    if (isForeign)
                        positions.push(null);
                }
                const first = positions.findIndex(position => position !== null && position > after);
                const found = Number(await findOffset(readerOf(positions), place, BigInt(after)));
                // Beginning earlier would do no harm; later would lose something.
                expect(found).toBeLessThanOrEqual(first === -1 ? positions.length : first);
                expect(positions.slice(0, found).every(position => position === null || position <= after)).toBe(true);
            }
        ), {numRuns: 300});
    });

    it('isn\'t known where the topic doesn\'t reach back so far', async () => {
        const positions = Array.from({length: 100}, (_, n) => n);
        await expect(findOffset(readerOf(positions, 50), place, 20n)).rejects.toMatchObject({code: 'EVENTS_DELETED'});
        expect(await findOffset(readerOf(positions, 50), place, 70n)).toBe(71n);
        expect(await findOffset(readerOf(positions, 0), place, 0n)).toBe(1n);
    });

    it('the last position looks behind what is somebody else\'s, and past a late batch', async () => {
        expect(await lastPosition(readerOf([]), place)).toBe(undefined);
        expect(await lastPosition(readerOf([null, null]), place)).toBe(undefined);
        expect(await lastPosition(readerOf([1, 2, 3, ...Array.from({length: 2500}, () => null)]), place)).toBe(3n);
        expect(await lastPosition(readerOf([1, 2, 9, 2, 3]), place)).toBe(9n);
        expect(await lastPosition(readerOf([1, 2, 9, 2, 3]), place, 2n)).toBe(2n);
    });
});

describe('The end of a partition', () => {
    it('is found where the broker answers with nothing now and then, as one does that is over its quota', async () => {
        const reader = readerOf(Array.from({length: 30}, (_, n) => n));
        let answers = 0;
        const throttled: IKafkaReader = {
            ...reader,
            fetch: async (places, options) => (await reader.fetch(places, options)).map(fetched => ++answers % 4 === 0 ? fetched : {...fetched, messages: [], nextOffset: places[0]?.offset ?? 0n})
        };
        expect(await lastPosition(throttled, place)).toBe(29n);
    });

    it('is where a topic ends that was made anew, whatever had been noted of the old one', async () => {
        const reader = readerOf(Array.from({length: 30}, (_, n) => n));
        const strict: IKafkaReader = {
            ...reader,
            fetch: async (places, options) => (places[0]?.offset ?? 0n) < 30n ? reader.fetch(places, options) : Promise.reject(new Error('Out of range'))
        };
        expect(await lastPosition(strict, place, 5000n)).toBe(29n);
    });
});
