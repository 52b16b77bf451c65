import {expect, it} from 'vitest';
import {murmur2, partitionOf} from './key-partition.ts';

// From Kafka's UtilsTest.
it.each([
    ['21', -973932308], ['foobar', -790332482], ['a-little-bit-long-string', -985981536], ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971], ['abc', 479470107]
])('hashes %j as Kafka does', (text, hash) => {
    expect(murmur2(new TextEncoder().encode(text))).toBe(hash);
});

it('finds a partition for every key', () => {
    const found = Array.from({length: 1000}, (_, n) => partitionOf(`key-${n}`, 7));
    expect([...new Set(found)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
