import {describe, expect, it, vi} from 'vitest';
import {Action, Aggregate, ConflictError, Decision, defineEvent, delay, MemoryBroker, MemoryBrokerData, NotFoundError, onEvent, onHttp, onMessage, onSchedule, ValidationError, z} from 'woltage';
import {createGiven, createTestWoltage, eventLike, given} from '../src/index.ts';

const Placed = defineEvent('OrderPlaced', {schema: z.object({item: z.string()})});
const Cancelled = defineEvent('OrderCancelled', {schema: z.object({reason: z.string()})});
const Mailed = defineEvent('MailSent', {schema: z.object({to: z.string()}), tags: ({to}) => [`mail:${to}`]});
const MailFailed = defineEvent('MailFailed', {schema: z.object({why: z.string(), attempts: z.number()})});

const order = Aggregate.create('order', {$init: () => ({placed: 0})}).on(Placed, ({placed}) => ({placed: placed + 1})).on(Cancelled, state => state);
const place = order.registerCommand(Placed.schema, (_state, payload) => new Placed({payload}), 'place');
const cancel = order.registerCommand(Cancelled.schema, ({placed}, payload) => {
    if (placed === 0)
        throw new NotFoundError('There is no such order.');
    return new Cancelled({payload});
}, 'cancel');
const mailed = Decision.create('mailed', {
    input: z.object({to: z.string()}), query: ({to}) => ({tags: [`mail:${to}`]}), init: {count: 0},
    decide: ({count}, payload) => count > 0 ? undefined : new Mailed({payload})
}).on(Mailed, ({count}) => ({count: count + 1}));

interface Services {
    readonly mailer: {readonly send: (to: string) => Promise<void> | void};
}
const withServices = Action.with<Services>();

/** Mails about orders, by event. */
const mail = withServices.create('mail', {
    on: onEvent(Placed, {from: 'start'}), retry: {maxAttempts: 3, backoffMs: 60_000},
    async handler({item}, {run, services, publish}) {
        await run(mailed, {to: item});
        await publish('mails', {key: item, value: {to: item}, headers: {kind: 'mail'}});
        await services.mailer.send(item);
        return `mailed ${item}`;
    },
    onFinalFailure: ({error, attempts}, {event}) => ({aggregateName: 'mail', events: new MailFailed({aggregateId: event.aggregateId, payload: {why: error.message, attempts}})})
});
const config = {aggregates: [order], decisions: [mailed]};
const working = (): {sent: string[]; services: Services} => {
    const sent: string[] = [];
    return {sent, services: {mailer: {send: to => void sent.push(to)}}};
};
const broken = (times = Infinity) => {
    let calls = 0;
    const send = vi.fn(() => {
        if (++calls <= times)
            throw new ConflictError('The server is away.', {code: 'AWAY'});
    });
    return {send, services: {mailer: {send}}};
};

const failureOf = async (run: Promise<void>): Promise<Error & {expected: unknown; actual: unknown}> => {
    try {
        await run;
    } catch (error) {
        return error as Error & {expected: unknown; actual: unknown};
    }
    throw new Error('It has not failed.');
};

describe('given events, when an event triggers an action', () => {
    it('expects the events that follow, the messages, the result, and what its services were asked for', async () => {
        const {sent, services} = working();
        const when = given([], {...config, services}).when(mail, new Placed({payload: {item: 'tea'}}));
        await when.then([new Mailed({payload: {to: 'tea'}})]);
        await when.thenPublished([{topic: 'mails', key: 'tea', value: {to: 'tea'}, headers: {kind: 'mail'}}]);
        await when.thenPublished([{topic: 'mails', value: {to: 'tea'}}]);
        await when.thenResult('mailed tea');
        await when.thenResult((result: string) => result.startsWith('mailed'));
        expect(sent).toEqual(['tea']);
    });

    it('takes what is given for history, that triggers nothing', async () => {
        const {sent, services} = working();
        await given([new Placed({payload: {item: 'old'}}), new Mailed({payload: {to: 'tea'}})], {...config, services}).when(mail, new Placed({payload: {item: 'tea'}})).thenNothing();
        expect(sent).toEqual(['tea']);
    });

    it('gives a command what has happened to its aggregate', async () => {
        const undo = Action.create('undo', {on: onEvent(Mailed), handler: ({to}, {run}) => run(cancel, 'o-1', {reason: to})});
        const mailedTea = (): InstanceType<typeof Mailed> => new Mailed({payload: {to: 'tea'}});
        await given([new Placed({aggregateId: 'o-1', payload: {item: 'tea'}})], config).when(undo, mailedTea()).then([new Cancelled({aggregateId: 'o-1', payload: {reason: 'tea'}})]);
        await given([], config).when(Action.create('undo', {...undo.options, retry: {maxAttempts: 2}}), mailedTea()).then(NotFoundError);
    });

    it('waits for retries, on the clock, and takes what was repeated for one', async () => {
        const {send, services} = broken(2);
        const when = given([], {...config, services}).when(mail, new Placed({payload: {item: 'tea'}}));
        await when.then([Mailed]);
        await when.thenPublished([{topic: 'mails', value: {to: 'tea'}}]);
        expect(send).toHaveBeenCalledTimes(3);
    });

    it('expects a failure for good, by its error or by the events that record it', async () => {
        const {services} = broken();
        const when = given([], {...config, services}).when(mail, new Placed({aggregateId: 'o-1', payload: {item: 'tea'}}));
        await when.then(ConflictError);
        await when.then('AWAY');
        await when.then([new Mailed({payload: {to: 'tea'}}), new MailFailed({aggregateId: 'o-1', payload: {why: 'The server is away.', attempts: 3}})]);
        for (const run of [when.thenNothing(), when.thenPublished([{topic: 'mails', value: {to: 'tea'}}]), when.thenResult('mailed tea')])
            await expect(run).rejects.toThrow(/AWAY/);
    });

    it('is one of several triggers', async () => {
        const seen: unknown[] = [];
        const several = Action.create('several', {on: [onEvent(Placed), onEvent(Cancelled), onHttp('POST', '/x')], handler: (input, {event}) => void seen.push([event?.type, input])});
        await given().when(several, new Cancelled({payload: {reason: 'x'}})).thenNothing();
        await given().when(several, {input: 1}).thenNothing();
        expect(seen).toEqual([['order.cancelled', {reason: 'x'}], [undefined, 1]]);
    });
});

describe('when something else triggers an action', () => {
    const seen: unknown[] = [];
    const take = Action.create('take', {
        on: [onMessage('stock', {schema: z.object({left: z.coerce.number()})}), onMessage('other')],
        handler: (input, {message}) => {
            seen.push([input, message?.topic, message?.key, message?.headers, message?.timestamp instanceof Date]);
        }
    });

    it('a message is checked against the trigger\'s schema', async () => {
        await given().when(take, {message: {left: '5'}, topic: 'stock', key: 'k', headers: {h: '1'}}).thenNothing();
        expect(seen.splice(0)).toEqual([[{left: 5}, 'stock', 'k', {h: '1'}, true]]);
        await given().when(take, {message: {left: 'x'}, topic: 'stock'}).then(ValidationError);
        const both = Action.create('both', {on: onMessage('both'), input: z.object({n: z.number()}), handler: input => input, onFinalFailure: () => {
            throw new Error('Never');
        }});
        await given().when(both, {message: {n: 'x'}}).then(ValidationError);
        await given().when(take, {message: 'anything', topic: 'other'}).thenNothing();
        expect(seen.splice(0)).toEqual([['anything', 'other', null, {}, true]]);
    });

    it('a time', async () => {
        const at = new Date('2026-05-01T06:00:00Z');
        const report = Action.create('report', {on: onSchedule('0 6 * * *'), handler: ({scheduledFor}) => scheduledFor});
        await given().when(report, {scheduledFor: at}).thenResult(at);
        let calls = 0;
        const often = Action.create('often', {on: onSchedule({everyMs: 1000}), retry: {backoffMs: 5000}, handler: () => {
            if (++calls < 3)
                throw new Error('Again');
            return calls;
        }});
        await given().when(often, {scheduledFor: at}).thenResult(3);
    });

    it('a call, as a request makes it', async () => {
        const action = Action.create('upload', {on: onHttp('POST', '/uploads/:id'), input: z.object({id: z.string()}), handler: ({id}, {request}) => ({id, request})});
        await given().when(action, {input: {id: '1'}, params: {id: '1'}, query: {q: '2'}, context: {userId: '7'}})
            .thenResult({id: '1', request: {method: 'POST', path: '/uploads/:id', params: {id: '1'}, query: {q: '2'}, context: {userId: '7'}}});
        await given().when(action, {input: {id: 1}}).then(ValidationError);
        const failing = Action.create('failing', {on: onHttp('POST', '/x'), handler: () => {
            throw new ConflictError('No');
        }});
        await given().when(failing, {input: {}}).then(/No/);
    });

    it('a call that is queued, with its retries', async () => {
        let calls = 0;
        const later = Action.create('later', {on: onHttp('POST', '/later', {answer: 'accepted'}), handler: () => {
            if (++calls < 3)
                throw new Error('Again');
            return calls;
        }});
        await given().when(later, {input: {}}).thenResult(3);
    });
});

describe('what is said when an action comes to something else', () => {
    it('names what was given, what triggered it, what came of it and what failed on the way', async () => {
        const {services} = broken(1);
        const error = await failureOf(given([new Placed({payload: {item: 'old'}})], {...config, services}).when(mail, new Placed({payload: {item: 'tea'}})).then([new Mailed({payload: {to: 'coffee'}})]));
        expect(error.name).toBe('AssertionError');
        expect(error.message).toBe([
            'mail didn\'t come to what was expected.', '  given      OrderPlaced {item: \'old\'}', '  when       mail by OrderPlaced {item: \'tea\'}', '  expected   MailSent {to: \'coffee\'}',
            '  got        MailSent {to: \'tea\'}', '  failed     attempt 1: ConflictError AWAY: The server is away.', '  published  mails {to: \'tea\'}',
            '  differs    event 1: payload.to: expected \'coffee\', got \'tea\''
        ].join('\n'));
    });

    it('names messages and results', async () => {
        const {services} = working();
        const when = given([], {...config, services}).when(mail, new Placed({payload: {item: 'tea'}}));
        expect((await failureOf(when.thenPublished([{topic: 'mails', key: 'x', value: {to: 'tea'}}]))).message).toMatch(/expected {3}mails {to: 'tea'} key 'x'\n {2}got {8}mails {to: 'tea'} key 'tea'[^]*\[0\]\.key: expected 'x', got 'tea'/);
        expect((await failureOf(when.thenPublished([]))).message).toMatch(/expected {3}none\n/);
        expect((await failureOf(when.thenResult('x'))).message).toMatch(/expected {3}'x'\n {2}got {8}'mailed tea'/);
        expect((await failureOf(when.thenResult((result: string) => result === 'x'))).message).toMatch(/a result that the given function accepts/);
        expect((await failureOf(when.then('AWAY'))).message).toMatch(/expected {3}an error with the code 'AWAY'\n {2}got {8}MailSent/);
    });

    it('names the action that hangs', async () => {
        const hanging = Action.create('hanging', {on: onEvent(Placed), handler: () => new Promise(() => undefined)});
        await expect(given().when(hanging, new Placed({payload: {item: 'tea'}})).thenNothing()).rejects.toMatchObject({code: 'NOT_SETTLED', message: expect.stringContaining('action \'hanging\', which is running (attempt 1)') as string});
    }, 20_000);
});

describe('bad use', () => {
    const take = Action.create('take', {on: [onMessage('a'), onMessage('b')], handler: () => undefined});
    it.each([
        ['an event that doesn\'t trigger it', () => given().when(mail, new Cancelled({payload: {reason: 'x'}})), /isn't triggered by OrderCancelled, but by OrderPlaced/],
        ['nothing', () => given().when(mail, undefined as never), /what triggers it/],
        ['something', () => given().when(mail, {} as never), /what triggers it/],
        ['a message', () => given().when(mail, {message: 1}), /isn't triggered by messages/],
        ['a message of no topic', () => given().when(take, {message: 1}), /Say which topic/],
        ['a message of another topic', () => given().when(take, {message: 1, topic: 'c'}), /listens to a, b/],
        ['a time', () => given().when(mail, {scheduledFor: new Date()}), /isn't triggered by times/],
        ['no time', () => given().when(Action.create('r', {on: onSchedule('* * * * *'), handler: () => undefined}), {scheduledFor: 'x' as never}), /is a Date/]
    ])('%s', (_what, run, message) => {
        expect(run).toThrow(expect.objectContaining({code: 'TEST_INVALID', message: expect.stringMatching(message) as string}));
    });

    it('an end without an expectation, and messages that are none', async () => {
        const when = given().when(take, {message: 1, topic: 'a'});
        await expect((async () => await (when as unknown as Promise<void>))()).rejects.toMatchObject({code: 'TEST_INVALID', message: expect.stringContaining('.thenPublished') as string});
        await expect(when.thenPublished([{} as never])).rejects.toMatchObject({code: 'TEST_INVALID'});
    });
});

describe('a test runtime with actions', () => {
    it('settles when they have nothing left to do, runs retries on the clock, and lists runs and messages', async () => {
        const {send, services} = broken(1);
        const {woltage, clock, settled, runs, published, events, stop} = await createTestWoltage({...config, services, actions: [mail]});
        await woltage.executeCommand(place, 'o-1', {item: 'tea'});
        await settled();
        expect(send).toHaveBeenCalledTimes(1);
        expect(runs).toMatchObject([{action: 'mail', attempt: 1, input: {item: 'tea'}, failed: {error: {code: 'AWAY'}}}]);
        await clock.advance(59_999);
        expect(runs).toHaveLength(1);
        await clock.advance(1);
        expect(runs).toMatchObject([{attempt: 1}, {attempt: 2, result: 'mailed tea'}]);
        expect(published).toMatchObject([{topic: 'mails', value: {to: 'tea'}}, {topic: 'mails', value: {to: 'tea'}}]);
        expect((await events()).map(({type}) => type)).toEqual(['order.placed', 'mail.sent']);
        await stop();
    });

    it('waits for chains of actions, commands and events', async () => {
        const relay = Action.create('relay', {on: onEvent(Placed), handler: ({item}, {run, newId}) => item.length < 20 ? run(place, newId(), {item: `${item}x`}) : undefined});
        const {woltage, settled, events, stop} = await createTestWoltage({...config, actions: [relay]});
        await woltage.executeCommand(place, 'o-1', {item: ''});
        await settled();
        expect(await events()).toHaveLength(21);
        await stop();
    });

    it('waits for messages, those that are refused among them, and for what follows from them', async () => {
        const seen: unknown[] = [];
        const data = new MemoryBrokerData({partitions: 3});
        const take = Action.create('take', {on: onMessage('stock', {schema: z.object({left: z.number()})}), handler: async ({left}, {publish}) => {
            seen.push(left);
            if (left > 0)
                await publish('stock', {key: String(left), value: {left: left - 1}});
        }});
        const {published, settled, stop, woltage} = await createTestWoltage({actions: [take], messageBroker: {adapter: MemoryBroker, args: [data]}});
        const outside = new MemoryBroker(data);
        await outside.connect();
        await outside.publish([{topic: 'stock', value: '{"left":5}'}, {topic: 'stock', value: 'nonsense'}]);
        await settled();
        expect(seen).toEqual([5, 4, 3, 2, 1, 0]);
        expect(published.map(({topic}) => topic).sort()).toEqual(['stock', 'stock', 'stock', 'stock', 'stock', 'stock.dead-letters']);
        expect(published.find(({topic}) => topic === 'stock.dead-letters')).toMatchObject({value: 'nonsense', headers: {'woltage-error-code': 'MESSAGE_NOT_JSON'}});
        expect(await woltage.getFailedActions()).toEqual([]);
        await outside.close();
        await stop();
    });

    it('runs schedules and scheduled commands when the clock comes to their times, and has no end of them to wait for', async () => {
        const times: string[] = [];
        const report = Action.create('report', {on: onSchedule('0 6 * * *'), async handler({scheduledFor}, {run, scheduleCommand}) {
            times.push(scheduledFor.toISOString());
            if (times.length === 1)
                await scheduleCommand(new Date(scheduledFor.getTime() + 3_600_000), order, 'o-1', 'place', {item: 'later'});
            await run(place, `r-${times.length}`, {item: 'report'});
        }});
        const {woltage, clock, settled, stop} = await createTestWoltage({...config, actions: [report]});
        await clock.advance(6 * 3_600_000 - 1);
        expect(times).toEqual([]);
        await clock.advance(1);
        expect(times).toEqual(['2026-01-01T06:00:00.000Z']);
        expect(await woltage.stateOf(order, 'o-1')).toEqual({placed: 0});
        await settled({advance: true});
        expect(clock.now).toBe(Date.UTC(2026, 0, 1, 7));
        expect(await woltage.stateOf(order, 'o-1')).toEqual({placed: 1});
        await clock.advance(3 * 86_400_000);
        expect(times.slice(1)).toEqual(['2026-01-02T06:00:00.000Z', '2026-01-03T06:00:00.000Z', '2026-01-04T06:00:00.000Z']);
        expect(await woltage.stateOf(order, 'r-4')).toEqual({placed: 1});
        await stop();
    });

    it('advances by itself until nothing is left, and gives the same ids in every run', async () => {
        const ids: unknown[] = [];
        const creating = Action.create('creating', {on: onHttp('POST', '/creating'), handler: (_input, {run, newId}) => run(order, newId(), 'place', {item: 'made'})});
        for (const _time of [1, 2]) {
            const {services} = broken();
            const {woltage, clock, settled, events, stop} = await createTestWoltage({...config, services, actions: [mail, creating]});
            await woltage.executeCommand(place, 'o-1', {item: 'tea'});
            await settled({advance: true});
            expect(await woltage.getFailedActions()).toMatchObject([{action: 'mail', attempts: 3}]);
            expect(clock.now - Date.UTC(2026, 0, 1)).toBe(60_000 + 120_000);
            await woltage.executeAction(creating);
            ids.push((await events()).map(({id, timestamp, aggregateId}) => [id, timestamp, aggregateId]), await woltage.enqueueAction(creating));
            await stop();
        }
        expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    });

    it('gives up an attempt that takes too long when the clock says so', async () => {
        const signals: AbortSignal[] = [];
        const hanging = Action.create('hanging', {on: onEvent(Placed), retry: {maxAttempts: 1, attemptTimeoutMs: 1000}, handler: (_input, {signal}) => {
            signals.push(signal);
            return new Promise(() => undefined);
        }});
        const {woltage, clock, settled, stop} = await createTestWoltage({...config, actions: [hanging]});
        await woltage.executeCommand(place, 'o-1', {item: 'tea'});
        await expect(settled({timeoutMs: 50})).rejects.toMatchObject({code: 'NOT_SETTLED'});
        await clock.advance(1000);
        expect(signals.map(({aborted}) => aborted)).toEqual([true]);
        expect(await woltage.getFailedActions()).toHaveLength(1);
        await stop();
    });

    it('advances the clock for an action in order, behind whose retries others wait', async () => {
        const {send, services} = broken(2);
        const inOrder = withServices.create('inOrder', {on: onEvent(Placed), ordered: true, retry: {maxAttempts: 5}, handler: ({item}, tools) => tools.services.mailer.send(item)});
        const {woltage, settled, runs, stop} = await createTestWoltage({...config, services, actions: [inOrder]});
        for (const id of ['o-1', 'o-2', 'o-3'])
            await woltage.executeCommand(place, id, {item: id});
        await settled({advance: true});
        expect(send.mock.calls).toEqual([['o-1'], ['o-1'], ['o-1'], ['o-2'], ['o-3']]);
        expect(runs).toHaveLength(5);
        await stop();
    });

    it('doesn\'t advance the clock for ever where what is due comes again and again', async () => {
        const hopeless = Action.create('hopeless', {on: onEvent(Placed), retry: {maxAttempts: 1}, handler: broken().send, onFinalFailure: () => {
            throw new Error('Again');
        }});
        const {woltage, settled, stop} = await createTestWoltage({...config, actions: [hopeless]});
        await woltage.executeCommand(place, 'o-1', {item: 'tea'});
        await expect(settled({advance: true, timeoutMs: 50})).rejects.toMatchObject({code: 'NOT_SETTLED', message: expect.stringMatching(/action 'hopeless', due in .* again and again\.$/s) as string});
        await stop();
    });

    it('takes a given/when/then on what is there', async () => {
        const {sent, services} = working();
        const test = await createTestWoltage({...config, services, actions: [mail]});
        await test.given([new Placed({payload: {item: 'first'}})]).when(mail, new Placed({payload: {item: 'tea'}})).then([eventLike(Mailed, {to: 'tea'})]);
        expect(sent).toEqual(['first', 'tea']);
        const stranger = Action.create('mail', mail.options);
        await expect(test.given().when(stranger, new Placed({payload: {item: 'x'}})).thenNothing()).rejects.toMatchObject({code: 'TEST_INVALID'});
        await test.stop();
    });

    it('stops soon, whatever hangs, and has nothing of its actions go on', async () => {
        const hanging = Action.create('hanging', {on: onEvent(Placed), handler: () => delay(100_000)});
        const {woltage, stop} = await createTestWoltage({...config, actions: [hanging]});
        await woltage.executeCommand(place, 'o-1', {item: 'tea'});
        const began = performance.now();
        await stop();
        expect(performance.now() - began).toBeLessThan(2000);
    });

    it('has no actions at work where a command is tested', async () => {
        const handler = vi.fn();
        const own = createGiven({...config, actions: [Action.create('watch', {on: onEvent(Placed), handler})]});
        await own().when(place, {item: 'tea'}).then([Placed]);
        expect(handler).not.toHaveBeenCalled();
    });
});
