import {randomUUID} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {CompactTable} from './compact-table.ts';

describe('CompactTable', () => {
    it('knows each id that it was given, and no other, while it grows', () => {
        const table = new CompactTable(1_000_000);
        const ids = Array.from({length: 20_000}, () => randomUUID());
        for (const [i, id] of ids.entries())
            expect(table.addUuid(id, i)).toBeUndefined();
        for (const [i, id] of ids.entries())
            expect(table.addUuid(id.toUpperCase(), -1)).toBe(i);
        expect(table.addUuid(randomUUID(), 1)).toBeUndefined();
    });

    it('tells apart ids that begin, or end, alike', () => {
        const table = new CompactTable(100);
        const ids = ['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001', '10000000-0000-0000-0000-000000000000', '00000000-0000-1000-0000-000000000000'];
        expect(ids.map((id, i) => table.addUuid(id, i))).toEqual([undefined, undefined, undefined, undefined]);
        expect(ids.map((id, i) => table.addUuid(id, i))).toEqual([0, 1, 2, 3]);
    });

    it('keeps the last number of a text, 0 among them', () => {
        const table = new CompactTable(100);
        expect([table.set('a', 0), table.set('a', 1), table.set('b', 7), table.set('a', 2), table.set('b', 8)]).toEqual([undefined, 0, undefined, 1, 7]);
    });

    it('takes no more than it may, and still knows those that it has', () => {
        const table = new CompactTable(3000);
        for (let i = 0; i < 10_000; i++)
            table.set(`stream ${i}`, i);
        expect(table.isFull).toBe(true);
        expect(table.set('stream 2999', 1)).toBe(2999);
        expect(table.set('stream 2999', 1)).toBe(1);
        expect(table.set('stream 3000', 1)).toBeUndefined();
        expect(table.set('stream 3000', 1)).toBeUndefined();
    });
});
