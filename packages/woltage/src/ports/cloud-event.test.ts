import {describe, expect, it} from 'vitest';
import type {RecordedEvent} from '../events/index.ts';
import {cloudEventPosition, fromCloudEvent, toCloudEvent} from './cloud-event.ts';
import type {RecordedMessage, TopicMessage} from './message-broker.ts';

const event: RecordedEvent = {
    id: '0190a000-0000-7000-8000-000000000001', type: 'order.placed', version: 2, timestamp: 1_700_000_000_123, payload: {total: {$bigint: '12'}, at: {$date: 0}, note: '世界 🎉'},
    meta: {by: 'ü'}, correlationId: 'c-1', causationId: 'c-2', tags: ['a:1', 'b,2'], aggregateName: 'order', aggregateId: 'o/1', revision: 0n, position: 12345678901234567890n
};

const recorded = ({topic, key = null, value, headers = {}}: TopicMessage): RecordedMessage =>
    ({topic, key, value: value === null ? null : Buffer.from(value as string), headers, partition: 3, offset: 7n, timestamp: 0});
const message = (overrides: Partial<RecordedEvent> = {}): RecordedMessage => recorded(toCloudEvent('orders', {...event, ...overrides}));
const without = (name: string): RecordedMessage => ({...message(), headers: Object.fromEntries(Object.entries(message().headers).filter(([header]) => header !== name))});

describe('Events as CloudEvents', () => {
    it('carry what they are in headers, the payload as value, and the aggregate as key', () => {
        expect(toCloudEvent('orders', event)).toEqual({
            topic: 'orders', key: 'o/1', value: '{"total":{"$bigint":"12"},"at":{"$date":0},"note":"世界 🎉"}',
            headers: {
                'content-type': 'application/json', ce_specversion: '1.0', ce_id: event.id, ce_type: 'order.placed', ce_source: '/aggregates/order', ce_time: '2023-11-14T22:13:20.123Z',
                ce_subject: 'o/1', ce_woltageaggregate: 'order', ce_woltageversion: '2', ce_woltagerevision: '0', ce_woltageposition: '12345678901234567890', ce_correlationid: 'c-1',
                ce_causationid: 'c-2', ce_woltagetags: '["a:1","b,2"]', ce_woltagemeta: '{"by":"ü"}'
            }
        });
        expect(cloudEventPosition(message())).toBe(event.position);
        expect(cloudEventPosition({headers: {ce_woltageposition: 'x'}})).toBe(undefined);
    });

    it.each([
        [event], [{...event, tags: [], meta: {}, causationId: null, position: 0n}], [{...event, payload: null}], [{...event, payload: 'text', meta: [1]}], [{...event, timestamp: 0.5}], [{...event, meta: null}],
        [{...event, timestamp: 8.64e15}], [{...event, timestamp: -1}], [{...event, aggregateName: 'ä b/c', aggregateId: '世界'}], [{...event, payload: JSON.parse('{"__proto__":1}') as never}]
    ])('come back as they were: %#', original => {
        expect(fromCloudEvent(message(original))).toEqual(original);
    });

    it('have their own id as correlation id where that is empty', () => {
        expect(fromCloudEvent(message({correlationId: ''}))).toEqual({...event, correlationId: event.id});
    });

    it.each(Object.keys(message().headers).filter(name => !/causation|tags|meta|source/.test(name)))('are refused without %s', name => {
        expect(() => fromCloudEvent(without(name))).toThrow(expect.objectContaining({code: 'INVALID_CLOUD_EVENT', message: expect.stringMatching(`orders/3@7.*${name}`) as string}));
    });

    it.each([
        ['ce_specversion', '0.3'], ['content-type', 'application/jsonp'], ['ce_woltageversion', '1.5'], ['ce_woltageversion', '99999999999999999999'], ['ce_woltagerevision', '-1'],
        ['ce_woltageposition', '0x1'], ['ce_time', 'now'], ['ce_woltagetimestamp', ''], ['ce_woltagetags', '"a"'], ['ce_woltagetags', '[1]'], ['ce_woltagemeta', '{'], ['ce_id', '']
    ])('are refused where %s is %j', (name, text) => {
        expect(() => fromCloudEvent({...message(), headers: {...message().headers, [name]: text}})).toThrow(expect.objectContaining({code: 'INVALID_CLOUD_EVENT'}));
    });

    it.each([[null], [Buffer.from('{')], [Buffer.from([0x22, 0xff, 0x22])]])('are refused where the value is %j', value => {
        expect(() => fromCloudEvent({...message(), value})).toThrow(expect.objectContaining({code: 'INVALID_CLOUD_EVENT'}));
    });
});
