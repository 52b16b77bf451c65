import {KurrentDBClient} from '@kurrent/kurrentdb-client';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {STATE_NEW, uuidV7, type EventData} from 'woltage';
import {KurrentDBEventStore} from '../src/index.ts';
import {follow, readAll} from './support/events.ts';
import {findKurrentDB, ownPrefix} from './support/kurrentdb.ts';

const server = await findKurrentDB('all values');
const client = KurrentDBClient.connectionString(server.url);
const store = new KurrentDBEventStore({client, streamPrefix: ownPrefix()});
beforeAll(() => store.connect());
afterAll(async () => {
    await store.close();
    await client.dispose();
    await server.stop();
});

/** Any string there is: of all planes, with halves of pairs, and such that mean something somewhere. */
const text = fc.oneof(
    fc.string({unit: 'binary'}), fc.string({unit: 'grapheme'}), fc.array(fc.integer({min: 0, max: 0xffff})).map(units => String.fromCharCode(...units)),
    fc.constantFrom('', '\0', '$', '$all', '.', '"', '\'', '\\', '%', '%2D', '-', '\r\n', 'x\ud800', '\udc00x', '\u{1d800}', '\u{10ffff}', '\ufeff', '1st iteration', '2020-01-01T00:00:00Z')
);
/** What UTF-8 can hold. */
const wellFormed = fc.oneof(fc.string({unit: 'binary'}), fc.string({unit: 'grapheme'}), fc.constantFrom('\0', '$', '$all', '.', '"', '%', '%2D', '-', '--', '\r\n', '\u{10ffff}', '\ufeff', ' '));
const number = fc.oneof(fc.double({noNaN: true, noDefaultInfinity: true}), fc.integer(), fc.constantFrom(2 ** 53, 2 ** 63, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE)).map(n => n === 0 ? 0 : n);
const json = fc.letrec(tie => ({
    any: fc.oneof({maxDepth: 4}, text, number, fc.boolean(), fc.constant(null), fc.array(tie('any'), {maxLength: 4}),
        fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toJSON', '$correlationId', 'woltage', 'meta')), tie('any'), {maxKeys: 4}))
})).any as fc.Arbitrary<EventData['payload']>;
const event = fc.record({
    type: wellFormed.filter(type => type !== '' && !type.startsWith('$')), version: fc.nat(), timestamp: fc.integer({min: -8.64e15, max: 8.64e15}), payload: json, meta: json,
    correlationId: text, causationId: fc.option(text), tags: fc.array(text, {maxLength: 3})
});

/** Equal as data: what the prototype is doesn't matter. */
const plain = (data: unknown): unknown => typeof data !== 'object' || data === null ? data
    : Array.isArray(data) ? data.map(plain) : new Map(Object.entries(data).map(([key, item]) => [key, plain(item)]));

describe('Whatever an event holds', () => {
    it('comes back equal, from the stream, from all streams, and by its type', async () => {
        let n = 0;
        await fc.assert(fc.asyncProperty(wellFormed, wellFormed, fc.array(event, {minLength: 1, maxLength: 3}), async (name, id, fields) => {
            const events = fields.map(one => ({id: uuidV7(), ...one}));
            const aggregateId = `${id}${n++}`;
            const before = await store.getLatestPosition();
            const {position} = await store.append(name, aggregateId, events, STATE_NEW);
            const records = await readAll(store, name, aggregateId);
            expect(records.map(({revision, position: _, ...rest}) => plain({...rest, revision: String(revision)})))
                .toEqual(events.map((one, i) => plain({...one, aggregateName: name, aggregateId, revision: String(i)})));
            expect(records.at(-1)?.position).toBe(position);
            expect((await follow(store, {after: before ?? undefined})).records.map(plain)).toEqual(records.map(plain));
            const type = events[0]?.type ?? '';
            expect((await follow(store, {after: before ?? undefined, filter: {types: [type]}})).records.map(plain)).toEqual(records.filter(record => record.type === type).map(plain));
        }), {numRuns: 150});
    }, 120_000);
});
