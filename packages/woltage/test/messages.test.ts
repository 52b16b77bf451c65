import {createTestWoltage} from '@woltage/testing';
import {afterEach, describe, expect, it} from 'vitest';
import createWoltage, {
    Action, Aggregate, defineEvent, delay, MemoryBroker, MemoryBrokerData, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, onMessage, UnavailableError, z,
    type ActionMessage, type CommitBatch, type ConsumeOptions, type IStore, type Logger, type TopicMessage, type Woltage, type WoltageConfig
} from 'woltage';
import {eventually} from './support/account.ts';

const running: Woltage[] = [];
afterEach(async () => {
    await Promise.all(running.splice(0).map(woltage => woltage.stop()));
});

const world = (partitions = 1) => ({events: new MemoryEventStoreData(), rows: new MemoryStoreData(), topics: new MemoryBrokerData({partitions})});
type World = ReturnType<typeof world>;

async function start({events, rows, topics}: World, actions: readonly Action[], overrides: Partial<WoltageConfig> = {}): Promise<Woltage> {
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [events]}, internalStore: {adapter: MemoryStore, args: [rows]}, messageBroker: {adapter: MemoryBroker, args: [topics]},
        eventClasses: [], aggregates: [], projectorClasses: [], actions, ...overrides
    });
    running.push(woltage);
    return woltage;
}

async function send({topics}: World, ...messages: readonly (Omit<TopicMessage, 'topic'> & {readonly topic?: string})[]): Promise<void> {
    const broker = new MemoryBroker(topics);
    await broker.connect();
    await broker.publish(messages.map(message => ({topic: 'stock', ...message})));
    await broker.close();
}

const json = (...values: readonly unknown[]) => values.map(value => ({value: JSON.stringify(value)}));
const stock = z.object({product: z.string(), left: z.number().int()});

/** An action that writes down what it gets. */
function recorder(got: ActionMessage[], options: Parameters<typeof onMessage>[1] = {from: 'start'}, more: object = {}): Action {
    return Action.create('recorder', {on: onMessage('stock', options), retry: {backoffMs: 1}, handler: (_input, {message}) => void got.push(message), ...more});
}
const values = (got: readonly ActionMessage[]): unknown[] => got.map(({value}) => value);
const sorted = (got: readonly ActionMessage[]): unknown[] => values(got).sort((a, b) => Number(a) - Number(b));
const range = (count: number): number[] => Array.from({length: count}, (_, n) => n);

describe('onMessage', () => {
    it('runs an action for each message: parsed, validated, with all that came with it', async () => {
        const where = world();
        const inputs: unknown[] = [];
        const messages: ActionMessage[] = [];
        const schema = z.object({product: z.string(), at: z.coerce.date().optional(), left: z.number().default(7)});
        await start(where, [Action.create('take', {
            on: onMessage('stock', {schema, from: 'start'}), handler: (input, {message, idempotencyKey}) => {
                inputs.push(input);
                messages.push(message);
                expect(idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
            }
        })]);
        await send(where, {key: 'p-1', value: '{"product":"p-1","at":"2026-01-01T00:00:00Z","$date":1}', headers: {kind: 'ä'}});
        await eventually(() => inputs.length === 1);
        expect(inputs[0]).toEqual({product: 'p-1', at: new Date('2026-01-01T00:00:00Z'), left: 7});
        expect(messages[0]).toEqual({
            topic: 'stock', partition: 0, offset: where.topics.messages('stock')[0]?.offset, key: 'p-1', value: inputs[0], headers: {kind: 'ä'}, timestamp: expect.any(Date) as Date
        });
    });

    it.each<[Record<string, string>, string | undefined]>([
        [{ce_correlationid: 'c-1'}, 'c-1'], [{ce_correlationid: '', correlationid: 'c-2'}, 'c-2'], [{correlationid: ''}, undefined], [{ce_correlationid: 'x'.repeat(257)}, undefined],
        [{ce_correlationid: 'x'.repeat(256)}, 'x'.repeat(256)]
    ])('goes on with the correlation id that a message brings, if that is one: %#', async (headers, expected) => {
        const where = world();
        const Counted = defineEvent('Counted', {schema: z.object({})});
        const counter = Aggregate.create('counter', {$init: () => ({})}).on(Counted, state => state);
        const count = counter.registerCommand(z.object({}), function count() {
            return new Counted({payload: {}});
        });
        const keys: string[] = [];
        const action = Action.create('count', {on: onMessage('stock', {from: 'start'}), handler: async (_input, {run, idempotencyKey}) => {
            await run(count, 'c', {});
            keys.push(idempotencyKey);
        }});
        await start(where, [action], {eventClasses: [Counted], aggregates: [counter]});
        await send(where, {value: '1', headers});
        await eventually(() => keys.length > 0);
        const store = new MemoryEventStore(where.events);
        await store.connect();
        for await (const [event] of store.read('counter', 'c'))
            expect(event?.correlationId).toBe(expected ?? keys[0]);
    });

    it('takes each message once, whatever is restarted', async () => {
        const where = world(3);
        const got: ActionMessage[] = [];
        await send(where, ...json(...range(20)));
        for (let round = 1; round <= 3; round++) {
            const woltage = await start(where, [recorder(got)]);
            await eventually(() => got.length >= 20 * round);
            await woltage.stop();
            await send(where, ...json(...range(20).map(n => n + 20 * round)));
        }
        await start(where, [recorder(got)]);
        await eventually(() => got.length >= 80);
        await delay(20);
        expect(sorted(got)).toEqual(range(80));
    });

    it('takes what a topic has after it was made anew', async () => {
        const where = {...world(), topics: new MemoryBrokerData({firstOffset: 0n})};
        const got: ActionMessage[] = [];
        const first = await start(where, [recorder(got)]);
        await send(where, ...json(1, 2, 3));
        await eventually(() => got.length === 3);
        await first.stop();
        const anew = {...where, topics: new MemoryBrokerData({firstOffset: 0n})};
        await start(anew, [recorder(got)]);
        await send(anew, ...json(4, 5));
        await eventually(() => got.length === 5);
        expect(sorted(got)).toEqual([1, 2, 3, 4, 5]);
    });

    it('begins with what comes once the action was first started, unless told otherwise', async () => {
        const where = world(2);
        const got: ActionMessage[] = [];
        await send(where, ...json(-1, -2));
        const first = await start(where, [recorder(got, {})]);
        await send(where, ...json(0, 1));
        await first.stop();
        await send(where, ...json(2, 3));
        await start(where, [recorder(got, {})]);
        await eventually(() => got.length >= 4);
        expect(sorted(got)).toEqual(range(4));
    });

    it('takes all of a partition that its topic gets later', async () => {
        const where = world(1);
        const got: ActionMessage[] = [];
        await send(where, ...json('before'));
        const first = await start(where, [recorder(got, {from: 'now'})]);
        await send(where, ...json(1));
        await eventually(() => got.length === 1);
        await first.stop();
        where.topics.createTopic('stock', 3);
        await send(where, {value: '2', partition: 1}, {value: '3', partition: 2}, {value: '4', partition: 1});
        await start(where, [recorder(got, {from: 'now'})]);
        await eventually(() => got.length === 4);
        expect(sorted(got)).toEqual([1, 2, 3, 4]);
    });

    it('keeps to the order of a partition where the action is ordered', async () => {
        const where = world();
        const got: ActionMessage[] = [];
        let failures = 3;
        await start(where, [recorder(got, {from: 'start'}, {
            ordered: true, handler: (_input: unknown, {message}: {message: ActionMessage}) => {
                if (message.value === 5 && failures-- > 0)
                    throw new Error('Not yet.');
                got.push(message);
            }
        })]);
        await send(where, ...json(...range(30)));
        await eventually(() => got.length === 30);
        expect(values(got)).toEqual(range(30));
    });

    it('serves several topics and actions, each for itself', async () => {
        const where = world();
        const got: Record<string, ActionMessage[]> = {a: [], b: []};
        const actions = ['a', 'b'].map(name => Action.create(name, {
            on: [onMessage('stock', {from: 'start'}), onMessage('prices')], handler: (_input, {message}) => void got[name]?.push(message)
        }));
        await start(where, actions);
        await send(where, ...json(1), {topic: 'prices', value: '2'});
        await eventually(() => got['a']?.length === 2 && got['b']?.length === 2);
        for (const name of ['a', 'b'])
            expect(got[name]?.map(({topic, value}) => `${topic}:${String(value)}`).sort()).toEqual(['prices:2', 'stock:1']);
    });

    it('shares the partitions among instances; who stops hands them over', async () => {
        const where = world(4);
        const by: [ActionMessage[], ActionMessage[]] = [[], []];
        const [first] = await Promise.all(by.map(got => start(where, [recorder(got)])));
        const all = (): ActionMessage[] => by.flat();
        let sent = 0;
        const burst = async (): Promise<void> => {
            await send(where, ...json(...range(40).map(n => sent + n)));
            sent += 40;
        };
        for (let round = 0; round < 5; round++)
            await burst();
        await first?.stop();
        for (let round = 0; round < 5; round++)
            await burst();
        await eventually(() => all().length >= sent);
        await delay(20);
        expect(sorted(all())).toEqual(range(sent));
    });

    it('waits for a broker that is away, at start and later, and says so', async () => {
        const where = world();
        const got: ActionMessage[] = [];
        const warnings: string[] = [];
        const ignore = (): void => undefined;
        const logger: Logger = {debug: ignore, info: ignore, error: ignore, warn: (_details, text) => void warnings.push(text)};
        await send(where, ...json(0));
        where.topics.away = true;
        await start(where, [recorder(got)], {logger});
        await eventually(() => warnings.length > 0);
        where.topics.away = false;
        await eventually(() => got.length === 1);
        where.topics.away = true;
        await eventually(() => warnings.some(text => text.includes('waits for messages')));
        where.topics.away = false;
        await send(where, ...json(1, 2));
        await eventually(() => got.length === 3);
        expect(values(got)).toEqual([0, 1, 2]);
    });

    it.each([['before', false], ['after', true]])('takes a message once where the commit fails %s it has happened', async (_when, happens) => {
        const where = world();
        let failures = 5;
        class ShakyStore extends MemoryStore {
            override scope(options: never): never {
                const scope = super.scope(options) as IStore;
                const commit = scope.commit.bind(scope);
                scope.commit = async (batch: CommitBatch) => {
                    const fails = batch.records?.some(({key}) => key.startsWith('offset/')) === true && failures-- > 0;
                    if (!fails || happens)
                        await commit(batch);
                    if (fails)
                        throw new UnavailableError('The connection was lost.');
                };
                return scope as never;
            }
        }
        const got: ActionMessage[] = [];
        await start(where, [recorder(got)], {internalStore: {adapter: ShakyStore, args: [where.rows]}});
        for (let n = 0; n < 20; n++)
            await send(where, ...json(n));
        await eventually(() => got.length >= 20, 10_000);
        await delay(20);
        expect(failures).toBeLessThan(5);
        expect(sorted(got)).toEqual(range(20));
    });

    it('leaves what it can\'t work off in the topic', async () => {
        const where = world();
        let release = (): void => undefined;
        const gate = new Promise<void>(resolve => release = resolve);
        let handled = 0;
        const woltage = await start(where, [Action.create('slow', {
            on: onMessage('stock', {from: 'start'}), handler: async () => {
                await gate;
                handled++;
            }
        })]);
        await send(where, ...json(...range(3200)));
        const open = async (): Promise<number> => {
            const store = new MemoryStore(where.rows);
            await store.connect();
            return (await store.scope({namespace: '_woltage_action/slow', tables: {}}).listRecords('id/')).length;
        };
        await eventually(async () => await open() >= 2000);
        await delay(300);
        expect(await open()).toBeLessThanOrEqual(2500);
        release();
        await eventually(() => handled === 3200, 20_000);
        await woltage.stop();
    }, 30_000);
});

describe('A message that can\'t be handled', () => {
    const deep = `${'['.repeat(300)}${']'.repeat(300)}`;
    const asyncSchema = z.object({product: z.string(), left: z.number()}).refine(async ({left}) => {
        await delay(1);
        return left >= 0;
    }, {message: 'must not be negative', path: ['left']});

    it.each<[string, Uint8Array | string | null, object, object, string, RegExp]>([
        ['is no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, {}, 'MESSAGE_NOT_UTF8', /UTF-8/],
        ['is no JSON', '{"product":', {}, {}, 'MESSAGE_NOT_JSON', /JSON/],
        ['is empty', '', {}, {}, 'MESSAGE_NOT_JSON', /JSON/],
        ['doesn\'t match the schema', '{"product":1}', {schema: stock}, {}, 'VALIDATION_FAILED', /product: .*; left: /],
        ['doesn\'t match a schema that takes its time', '{"product":"a","left":-1}', {schema: asyncSchema}, {}, 'VALIDATION_FAILED', /left: must not be negative/],
        ['doesn\'t match the action\'s input', '{"product":"a"}', {}, {input: stock}, 'VALIDATION_FAILED', /left/],
        ['is a tombstone that the schema doesn\'t take', null, {schema: stock}, {}, 'VALIDATION_FAILED', /null/],
        ['is nested too deeply', deep, {}, {}, 'NOT_ENCODABLE', /nested/],
        ['holds a number that is none', '{"n":1e999}', {}, {}, 'NOT_ENCODABLE', /Infinity/],
        ['breaks the schema', '{"product":"a","left":1}', {schema: stock.refine(() => {
            throw new RangeError('too far');
        })}, {}, 'RangeError', /too far/]
    ])('goes to the dead-letter topic with the reason where it %s', async (_what, value, trigger, action, code, reason) => {
        const where = world();
        const got: ActionMessage[] = [];
        const warnings: object[] = [];
        const ignore = (): void => undefined;
        const logger: Logger = {debug: ignore, info: ignore, error: ignore, warn: details => void warnings.push(details)};
        const handler = (_input: unknown, {message}: {message: ActionMessage}): void => void got.push(message);
        await start(where, [Action.create('recorder', {on: onMessage('stock', {from: 'start', ...trigger}), handler, ...action} as never)], {logger});
        await send(where, {key: 'k-1', value, headers: {kind: 'x', 'woltage-id': 'original'}}, {value: '{"product":"ok","left":1}'});
        await eventually(() => where.topics.messages('stock.dead-letters').length > 0);
        const [letter] = where.topics.messages('stock.dead-letters');
        const offset = String(where.topics.messages('stock')[0]?.offset);
        expect(letter?.key).toBe('k-1');
        expect(letter?.value).toEqual(value === null ? null : new Uint8Array(Buffer.from(value as string)));
        expect(letter?.headers).toEqual({
            kind: 'x', 'woltage-id': 'original', 'woltage-error-code': code, 'woltage-error-message': expect.stringMatching(reason) as string, 'woltage-action': 'recorder',
            'woltage-topic': 'stock', 'woltage-partition': '0', 'woltage-offset': offset
        });
        expect(warnings).toContainEqual(expect.objectContaining({action: 'recorder', topic: 'stock', partition: 0, offset, code, deadLetterTopic: 'stock.dead-letters'}));
        if (code !== 'RangeError') {
            await eventually(() => got.length === 1);
            expect(values(got)).toEqual([{product: 'ok', left: 1}]);
        }
    });

    it('is taken once, and its letter waits for a broker that is away', async () => {
        const where = world();
        const got: ActionMessage[] = [];
        class Picky extends MemoryBroker {
            static refuses = true;

            override async publish(messages: readonly TopicMessage[]): Promise<void> {
                if (Picky.refuses && messages.some(({topic}) => topic === 'letters'))
                    throw new UnavailableError('Away.', {code: 'BROKER_UNAVAILABLE'});
                await super.publish(messages);
            }
        }
        const overrides = {messageBroker: {adapter: Picky, args: [where.topics]}};
        const action = (): Action => recorder(got, {from: 'start', schema: z.number(), deadLetterTopic: 'letters'});
        const first = await start(where, [action()], overrides);
        await send(where, ...json('poison', 1, 2));
        await eventually(() => got.length === 2);
        await first.stop();
        Picky.refuses = false;
        await start(where, [action()], overrides);
        await eventually(() => where.topics.messages('letters').length === 1, 10_000);
        await delay(20);
        expect(where.topics.messages('letters')).toHaveLength(1);
        expect(values(got).sort()).toEqual([1, 2]);
    });

    it('holds up an ordered action for about a minute where its dead-letter topic can\'t be written, and can be retried then', async () => {
        const topics = new MemoryBrokerData();
        const got: ActionMessage[] = [];
        const final: unknown[] = [];
        class Picky extends MemoryBroker {
            static refuses = true;

            override async publish(messages: readonly TopicMessage[]): Promise<void> {
                if (Picky.refuses && messages.some(({topic}) => topic === 'stock.dead-letters'))
                    throw new UnavailableError('No such topic.', {code: 'BROKER_UNAVAILABLE'});
                await super.publish(messages);
            }
        }
        const action = recorder(got, {from: 'start', schema: z.number()}, {ordered: true, onFinalFailure: (failure: unknown) => void final.push(failure)});
        const app = await createTestWoltage({actions: [action], messageBroker: {adapter: Picky, args: [topics]}});
        running.push(app.woltage);
        await send({...world(), topics}, ...json(1), {key: 'k', value: '"poison"', headers: {kind: 'x'}});
        const began = app.clock.now;
        await eventually(async () => {
            await app.clock.advance(1000);
            return (await app.woltage.getFailedActions()).length === 1;
        });
        await send({...world(), topics}, ...json(2));
        await eventually(() => got.length === 2);
        expect(values(got)).toEqual([1, 2]);
        expect(app.clock.now - began).toBeLessThan(120_000);
        const [failed] = await app.woltage.getFailedActions();
        expect(failed).toMatchObject({action: 'recorder', error: {code: 'BROKER_UNAVAILABLE'}, source: {by: 'message', message: {topic: 'stock', key: 'k', headers: {kind: 'x'}}}});
        expect(final).toEqual([]);
        Picky.refuses = false;
        await app.woltage.retryFailedAction(failed?.id ?? '');
        await eventually(() => topics.messages('stock.dead-letters').length === 1);
        expect(topics.messages('stock.dead-letters')[0]).toMatchObject({key: 'k', value: new Uint8Array(Buffer.from('"poison"')), headers: {kind: 'x', 'woltage-error-code': 'VALIDATION_FAILED'}});
    });

    it('is cut where it is too large with its reason', async () => {
        const where = {...world(), topics: new MemoryBrokerData({maxMessageBytes: 100_000})};
        class Narrow extends MemoryBroker {
            override async publish(messages: readonly TopicMessage[]): Promise<void> {
                if (messages.some(({value, headers = {}}) => (value?.length ?? 0) + JSON.stringify(headers).length > 100_000))
                    await super.publish(messages.map(message => ({...message, value: 'x'.repeat(200_000)})));
                await super.publish(messages);
            }
        }
        await start(where, [recorder([], {from: 'start', schema: z.number()})], {messageBroker: {adapter: Narrow, args: [where.topics]}});
        await send(where, {value: 'x'.repeat(99_990)});
        await eventually(() => where.topics.messages('stock.dead-letters').length === 1);
        expect(where.topics.messages('stock.dead-letters')[0]).toMatchObject({headers: {'woltage-truncated': 'true', 'woltage-error-code': 'MESSAGE_NOT_JSON'}});
    });

    it('has its headers in one where brokers refuse them', async () => {
        const where = world();
        const lone = {'': 'nameless', kind: 'x'};
        // As another client may have written it.
        class Foreign extends MemoryBroker {
            override consume(options: ConsumeOptions): Promise<void> {
                return super.consume({...options, handle: batch => options.handle({...batch, messages: batch.messages.map(message => ({...message, headers: lone}))})});
            }
        }
        await start(where, [recorder([], {from: 'start', schema: z.number()})], {messageBroker: {adapter: Foreign, args: [where.topics]}});
        await send(where, {key: 'k', value: 'poison'});
        await eventually(() => where.topics.messages('stock.dead-letters').length === 1);
        const [letter] = where.topics.messages('stock.dead-letters');
        expect(letter).toMatchObject({key: 'k', value: new Uint8Array(Buffer.from('poison')), headers: {'woltage-error-code': 'MESSAGE_NOT_JSON', 'woltage-topic': 'stock'}});
        expect(JSON.parse(Buffer.from(letter?.headers['woltage-headers'] ?? '', 'base64').toString())).toEqual(lone);
        expect(letter?.headers).not.toHaveProperty('woltage-truncated');
    });

    it('is none while the schema asks somebody who is away', async () => {
        const where = world();
        const got: ActionMessage[] = [];
        let failures = 3;
        const schema = z.number().refine(async () => {
            if (failures-- > 0)
                throw new UnavailableError('The directory is away.');
            return true;
        });
        await start(where, [recorder(got, {from: 'start', schema})]);
        await send(where, ...json(1));
        await eventually(() => got.length === 1);
        expect(where.topics.topics).not.toContain('stock.dead-letters');
    });
});

describe('Actions with onMessage are refused', () => {
    const handler = (): void => undefined;
    it.each<[string, Action, Partial<WoltageConfig>, string]>([
        ['without a broker', Action.create('a', {on: onMessage('stock'), handler}), {messageBroker: undefined}, 'BROKER_MISSING'],
        ['for a topic that is none', Action.create('a', {on: onMessage('no topic'), handler}), {}, 'TRIGGER_INVALID'],
        ['for a dead-letter topic that is none', Action.create('a', {on: onMessage('stock', {deadLetterTopic: 'ä'}), handler}), {}, 'TRIGGER_INVALID'],
        ['with two triggers for a topic', Action.create('a', {on: [onMessage('stock'), onMessage('stock', {from: 'start'})], handler}), {}, 'TRIGGER_INVALID']
    ])('%s', async (_what, action, overrides, code) => {
        await expect(start(world(), [action], overrides)).rejects.toMatchObject({code});
    });
});

describe('A test runtime', () => {
    it('waits for messages that actions haven\'t taken over, and for their runs', async () => {
        const where = world(2);
        const got: ActionMessage[] = [];
        await send(where, ...json(...range(10)));
        const {settled, stop} = await createTestWoltage({actions: [recorder(got)], messageBroker: {adapter: MemoryBroker, args: [where.topics]}});
        try {
            await settled();
            expect(sorted(got)).toEqual(range(10));
            await send(where, ...json(10, 11));
            await settled();
            expect(sorted(got)).toEqual(range(12));
        } finally {
            await stop();
        }
    });
});
