import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {TableRows} from './table-rows.ts';

type Rows = ReadonlyMap<string, object | null>;

function check(rows: TableRows, pending: Rows, committed: Rows): void {
    expect(new Map(rows.dirty.map(entry => [entry.id, entry.row]))).toEqual(pending);
    for (const [key, row] of pending)
        expect(rows.get(key)?.row).toEqual(row);
    for (let n = 0; n <= 30; n++) {
        const known = rows.get(`k${n}`);
        if (known !== undefined && !pending.has(known.id))
            expect(known.row).toEqual(committed.get(known.id) ?? null);
    }
}

describe('the rows of a table', () => {
    it('keep what is used and stay within their bound', () => {
        const rows = new TableRows(200_000);
        rows.add('hot', {id: 'hot'});
        rows.add('none', null);
        for (let i = 0; i < 5000; i++) {
            rows.add(`k${i}`, {id: `k${i}`, text: 'some text of some length'});
            expect(rows.get('hot')?.row).toEqual({id: 'hot'});
        }
        expect(rows.get('none')).toBeUndefined();
        const kept = Array.from({length: 5000}, (_, i) => rows.get(`k${i}`)).filter(entry => entry !== undefined);
        expect(kept.length).toBeGreaterThan(50);
        expect(kept.length).toBeLessThan(1500);
    });

    it('never lose what isn\'t committed, take back an event at a time, and know what is true', () => {
        const id = fc.integer({min: 0, max: 30}).map(n => `k${n}`);
        const step = fc.oneof(
            {weight: 8, arbitrary: fc.record({kind: fc.constant('write' as const), id, fields: fc.array(fc.constantFrom('a', 'b', 'c'), {minLength: 0, maxLength: 3}), value: fc.nat(99)})},
            {weight: 2, arbitrary: fc.record({kind: fc.constant('remove' as const), id})},
            fc.record({kind: fc.constantFrom('begin' as const, 'rollback' as const, 'settle' as const, 'drop' as const), id})
        );
        fc.assert(fc.property(fc.array(step, {maxLength: 200}), steps => {
            // So small that rows are dropped all the time.
            const rows = new TableRows(1500);
            const committed = new Map<string, object | null>();
            let pending = new Map<string, object | null>();
            let before = new Map(pending);
            for (const s of steps) {
                if (s.kind === 'write' || s.kind === 'remove') {
                    const row = s.kind === 'remove' ? null : {id: s.id, ...Object.fromEntries(s.fields.map(f => [f, s.value]))};
                    rows.write(s.id, row && {...row});
                    pending.set(s.id, row);
                } else if (s.kind === 'begin') {
                    rows.beginEvent();
                    before = new Map(pending);
                } else if (s.kind === 'rollback') {
                    rows.rollback();
                    pending = new Map(before);
                } else if (s.kind === 'drop') {
                    rows.drop();
                } else {
                    for (const [key, row] of pending)
                        committed.set(key, row);
                    pending = new Map();
                    before = new Map();
                    rows.settle(true);
                }
                check(rows, pending, committed);
            }
        }), {numRuns: 200});
    });
});
