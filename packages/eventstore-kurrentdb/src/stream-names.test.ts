import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {StreamNames} from './stream-names.ts';

const text = fc.oneof(fc.string({unit: 'grapheme'}), fc.string({unit: fc.constantFrom('%', '-', '2', 'D', '5', 'a', '$', '\0', '\n', '\u007f', '\u0085', ' ', 'ä', '😀')}));

describe('The name of a stream', () => {
    it.each([
        ['order', '1', 'order-1'], ['order', 'a-b-c', 'order-a-b-c'], ['user-account', '1', 'user%2Daccount-1'], ['$sys', '$1', '%24sys-$1'], ['a', '', 'a-'], ['100%', '50%', '100%-50%'],
        ['a', '%2D', 'a-%252D'], ['a', '%2d', 'a-%2d'], ['a\n', '\0', 'a%0A-%00'], ['ä', '😀 /?', 'ä-😀 /?']
    ])('of %o and %o is %o', (name, id, stream) => {
        const names = new StreamNames('');
        expect(names.toStream(name, id)).toBe(stream);
        expect(names.fromStream(stream)).toEqual({aggregateName: name, aggregateId: id});
    });

    it.each([['', 'plain'], ['', '$ce-order'], ['', 'a%2D'], ['', 'a-%41'], ['', '%41-1'], ['', ''], ['mine.', 'other.a-1'], ['mine.', 'mine.']])('with the prefix %o is none that an aggregate could have: %o', (prefix, stream) => {
        expect(new StreamNames(prefix).fromStream(stream)).toBeUndefined();
    });

    it('leads back, and no two are the same', () => {
        fc.assert(fc.property(text, text, text, text, fc.constantFrom('', 'my.app-'), (name, id, otherName, otherId, prefix) => {
            const names = new StreamNames(prefix);
            const stream = names.toStream(name, id);
            expect(names.fromStream(stream)).toEqual({aggregateName: name, aggregateId: id});
            expect(stream.startsWith('$')).toBe(false);
            expect(stream === names.toStream(otherName, otherId)).toBe(name === otherName && id === otherId);
        }), {numRuns: 3000});
    });

    it('may be any that another client gave, where it leads back', () => {
        fc.assert(fc.property(text, stream => {
            const address = new StreamNames('').fromStream(stream);
            expect(address === undefined || new StreamNames('').toStream(address.aggregateName, address.aggregateId) === stream).toBe(true);
        }), {numRuns: 3000});
    });
});
