import {describe, expect, it} from 'vitest';
import {toError} from './to-error.ts';

const shy = {
    get message(): string {
        throw new Error('No');
    },
    toJSON(): never {
        throw new Error('No');
    }
};

describe('toError', () => {
    it('leaves errors as they are', () => {
        const error = new TypeError('Broken');
        expect(toError(error)).toBe(error);
    });

    it.each([
        ['a text', 'Broken', 'Broken'],
        ['nothing', undefined, 'undefined'],
        ['null', null, 'null'],
        ['a symbol', Symbol('broken'), 'Symbol(broken)'],
        ['an object that looks like an error', {message: 'Broken', status: 500}, 'Broken'],
        ['an object', {status: 500}, '{"status":500}'],
        ['an object without a prototype', Object.create(null), '{}'],
        ['an object with a bigint', {position: 1n}, 'Something that can\'t be told.'],
        ['an object that can\'t be asked', shy, 'Something that can\'t be told.']
    ])('says what was thrown: %s', (_what, thrown, message) => {
        const error = toError(thrown);
        expect(error.message).toBe(message);
        expect(error.cause === thrown).toBe(true);
    });

    it('keeps a code', () => {
        expect(toError({message: 'Broken', code: 'BROKEN'})).toMatchObject({code: 'BROKEN'});
        expect(toError({message: 'Broken', code: 5})).not.toHaveProperty('code');
    });
});
