import {describe, expect, it} from 'vitest';
import {toTopicMessage} from './outgoing.ts';

const valueOf = (value: unknown) => toTopicMessage('orders', {value}, 'id-1').value;

describe('Outgoing messages', () => {
    it('are JSON, unless they are text, bytes or null', () => {
        expect(valueOf({n: 1, at: new Date(0), no: undefined, list: [true, null]})).toBe('{"n":1,"at":"1970-01-01T00:00:00.000Z","list":[true,null]}');
        expect(valueOf('text')).toBe('text');
        expect(valueOf(null)).toBe(null);
        expect(valueOf(0)).toBe('0');
        expect(valueOf(new Uint8Array([1, 2]))).toEqual(new Uint8Array([1, 2]));
        expect(valueOf(JSON.parse('{"__proto__":{"n":1}}'))).toBe('{"__proto__":{"n":1}}');
    });

    it('carry their id, whatever their own headers say', () => {
        const message = toTopicMessage('orders', {key: 'k', value: 1, partition: 2, headers: {'woltage-id': 'forwarded', kind: 'x'}}, 'id-1');
        expect(message).toEqual({topic: 'orders', key: 'k', value: '1', partition: 2, headers: {'woltage-id': 'id-1', kind: 'x'}});
    });

    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    it.each([
        ['undefined', undefined], ['NaN', {n: NaN}], ['a bigint', {n: 1n}], ['a function', {f: () => 1}], ['a symbol', Symbol('s')], ['a Map', {m: new Map()}], ['an invalid date', new Date(NaN)],
        ['a cycle', cyclic], ['a hole', [undefined]]
    ])('refuses %s', (_what, value) => {
        expect(() => valueOf(value)).toThrow(expect.objectContaining({code: 'INVALID_MESSAGE'}));
    });

    it.each([
        ['no message', undefined], ['an unknown property', {value: 1, topic: 'x'}], ['a key that is no text', {key: 1, value: 1}], ['a header that is no text', {value: 1, headers: {n: 1}}],
        ['headers that are no object', {value: 1, headers: ['a']}], ['a negative partition', {value: 1, partition: -1}], ['half a partition', {value: 1, partition: 0.5}]
    ])('refuses %s', (_what, message) => {
        expect(() => toTopicMessage('orders', message as never, 'id')).toThrow(expect.objectContaining({code: 'INVALID_MESSAGE'}));
    });

    it.each(['', 'a b', '..', 'x'.repeat(250), 'ö', undefined])('refuses the topic %j', topic => {
        expect(() => toTopicMessage(topic as string, {value: 1}, 'id')).toThrow(expect.objectContaining({code: 'INVALID_MESSAGE'}));
    });
});
