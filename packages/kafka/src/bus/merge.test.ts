import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {Merge} from './merge.ts';

describe('Merging partitions', () => {
    it('delivers nothing that something may still come before', () => {
        const merge = new Merge<string>([undefined, undefined], undefined);
        merge.add(0, 1n, 'a');
        merge.add(0, 3n, 'c');
        expect(merge.take(10)).toEqual({events: [], position: undefined, isAll: true});
        merge.add(1, 2n, 'b');
        expect(merge.take(10)).toEqual({events: ['a', 'b'], position: 2n, isAll: true});
        // A mark.
        merge.add(1, 7n);
        expect(merge.take(10)).toEqual({events: ['c'], position: 3n, isAll: true});
        merge.add(0, 9n);
        expect(merge.take(10)).toEqual({events: [], position: 7n, isAll: true});
    });

    it('leaves out what comes again, and what was had before', () => {
        const merge = new Merge<string>([4n, 4n], 4n);
        for (const [partition, position] of [[0, 3n], [0, 5n], [0, 6n], [0, 5n], [1, 6n], [1, 7n], [0, 7n]] as const)
            merge.add(partition, position, String(position));
        expect(merge.take(10)).toEqual({events: ['5', '6', '7'], position: 7n, isAll: true});
    });

    it('gives no more than was asked for at a time', () => {
        const merge = new Merge<string>([undefined], undefined);
        for (let n = 0n; n < 5n; n++)
            merge.add(0, n, String(n));
        expect(merge.take(2)).toEqual({events: ['0', '1'], position: 1n, isAll: false});
        expect(merge.waiting(0)).toBe(3);
        expect(merge.take(3)).toEqual({events: ['2', '3', '4'], position: 4n, isAll: true});
    });

    it('whatever the partitions, the repetitions and the order of arrival: each event once, in order', () => {
        const log = fc.array(fc.nat({max: 3}), {maxLength: 80});
        fc.assert(fc.property(log, fc.array(fc.nat({max: 3}), {maxLength: 400}), fc.array(fc.nat({max: 79}), {maxLength: 20}), fc.integer({min: 1, max: 20}), (owners, arrivals, repeats, limit) => {
            // What a publisher writes: events to their partitions, and marks to all at the end of a batch; now and then one begins again further back.
            const partitions: {position: bigint; event: bigint | undefined}[][] = [[], [], [], []];
            const publish = (from: number, to: number): void => {
                for (let n = from; n < to; n++)
                    partitions[owners[n] ?? 0]?.push({position: BigInt(n), event: BigInt(n)});
                partitions.forEach(partition => partition.push({position: BigInt(to - 1), event: undefined}));
            };
            publish(0, owners.length);
            repeats.filter(from => from < owners.length).forEach(from => publish(from, Math.min(owners.length, from + 5)));
            const merge = new Merge<bigint>([undefined, undefined, undefined, undefined], undefined);
            const got: bigint[] = [];
            const next = [0, 0, 0, 0];
            for (const partition of [...arrivals, ...[0, 1, 2, 3].flatMap(p => Array.from({length: 500}, () => p))]) {
                const message = partitions[partition]?.[(next[partition] as number)++];
                if (message !== undefined)
                    merge.add(partition, message.position, message.event);
                const {events, position} = merge.take(limit);
                got.push(...events);
                expect(got.every(event => position !== undefined && event <= position)).toBe(true);
            }
            for (let rest = merge.take(1000); rest.events.length > 0; rest = merge.take(1000))
                got.push(...rest.events);
            expect(got).toEqual(owners.map((_, n) => BigInt(n)));
        }), {numRuns: 50});
    });
});
