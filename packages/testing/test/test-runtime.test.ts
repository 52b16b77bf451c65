import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {Aggregate, emit, Event, Projector, ReadModel, sideEffect, z, type EffectRun} from 'woltage';
import {createTestWoltage, TestClock, type TestConfig, type TestWoltage} from '@woltage/testing';
import {account, deposit, open, withdraw} from './bank/account.ts';
import {AccountOpened, Deposited, WelcomeSent, Withdrawn} from './bank/events.ts';
import {AccountProjector, outbox} from './bank/projectors.ts';

const START = Date.UTC(2026, 0, 1);
const running: TestWoltage[] = [];

async function start(config: TestConfig = {}): Promise<TestWoltage> {
    const test = await createTestWoltage({aggregates: [account], projectorClasses: [AccountProjector], readModelClasses: [Accounts], ...config});
    running.push(test);
    return test;
}

class Accounts extends ReadModel<AccountProjector> {
    projectionName = 'account';

    byId({id}: {id: string}) {
        return this.store.tables.accounts.get({id});
    }
}

beforeEach(() => {
    outbox.mails = [];
    outbox.failures = 0;
});
afterEach(async () => {
    await Promise.all(running.splice(0).map(({stop}) => stop()));
});

describe('a test runtime', () => {
    it('is the real one, in memory, settled without a wait', async () => {
        const {woltage, settled, clock} = await start();
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await woltage.executeCommand(deposit, 'a-1', {amount: 50});
        await settled();
        expect(await woltage.executeQuery(Accounts, 'byId', {id: 'a-1'})).toEqual({id: 'a-1', owner: 'Ann', balance: 50});
        expect(outbox.mails.sort()).toEqual(['Ann', 'Ann: 50']);
        expect(clock.now).toBe(START);
    });

    it('runs the retries of durable effects when the clock is advanced', async () => {
        outbox.failures = 2;
        const {woltage, settled, clock, effects} = await start();
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await settled();
        expect(effects.map(({name, attempt}) => [name, attempt])).toEqual([['bank-send-welcome', 1]]);
        await clock.advance(999);
        expect(effects).toHaveLength(1);
        await clock.advance(1);
        expect(effects).toHaveLength(2);
        await clock.advance(2000);
        expect(effects).toHaveLength(3);
        expect(outbox.mails).toEqual(['Ann']);
        expect(clock.now).toBe(START + 3000);
    });

    it('goes through all that is due on the way, each at its own time', async () => {
        outbox.failures = 2;
        const {woltage, clock, effects} = await start();
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await clock.advance(60_000);
        expect(effects.map(({attempt}) => attempt)).toEqual([1, 2, 3]);
        expect(clock.now).toBe(START + 60_000);
    });

    it('advances by itself where that is wanted, until nothing is left at all', async () => {
        outbox.failures = 5;
        const {woltage, settled, clock} = await start();
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await settled({advance: true});
        expect(clock.now).toBe(START + 3000);
        expect(await woltage.getFailedEffects()).toMatchObject([{name: 'bank-send-welcome', attempts: 3, failedAt: START + 3000}]);
        await woltage.retryFailedEffect((await woltage.getFailedEffects())[0]?.id as string);
        await settled({advance: true});
        expect(outbox.mails).toEqual(['Ann']);
    });

    it('gives up an effect that takes too long when the clock says so', async () => {
        const signals: AbortSignal[] = [];
        const schema = {t: {key: z.object({id: z.string()})}};
        const hang = sideEffect((_payload: object, {signal}: EffectRun) => {
            signals.push(signal);
            return signals.length === 1 ? new Promise(() => undefined) : undefined;
        }, {name: 'kit-hang', durable: true, retry: {timeoutMs: 30_000}});
        class HangProjector extends Projector<typeof schema> {
            static schema = schema;
            static version = 1;

            async [AccountOpened.identity]() {
                await hang({});
            }
        }
        const {woltage, settled, clock} = await start({projectorClasses: [HangProjector], readModelClasses: []});
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await expect(settled({timeoutMs: 30})).rejects.toMatchObject({
            code: 'NOT_SETTLED', message: expect.stringMatching(/^Not settled after 30 ms\. Still waiting for:\n {2}- the durable side effect 'kit-hang', which is running \(attempt 1\)\n.*clock\.advance/s) as string
        });
        await clock.advance(40_000);
        expect(signals).toHaveLength(2);
        expect(signals[0]?.aborted).toBe(true);
        await settled();
    });

    it('stops soon, whatever hangs', async () => {
        const schema = {t: {key: z.object({id: z.string()})}};
        const hang = sideEffect(() => new Promise(() => undefined), {name: 'kit-hang-forever', durable: true});
        class HangingProjector extends Projector<typeof schema> {
            static schema = schema;
            static version = 1;

            async [AccountOpened.identity]() {
                await hang(undefined);
            }
        }
        const {woltage, effects, stop} = await createTestWoltage({aggregates: [account], projectorClasses: [HangingProjector]});
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await vi.waitFor(() => expect(effects).toHaveLength(1));
        const began = performance.now();
        await stop();
        expect(performance.now() - began).toBeLessThan(3000);
    });

    it('gives the same ids and times in every run', async () => {
        const run = async () => {
            const {woltage, settled, clock, events, stop} = await start();
            await Promise.all([1, 2, 3].map(n => woltage.executeCommand(open, `a-${n}`, {owner: `Owner ${n}`})));
            await clock.advance(5);
            await woltage.executeCommand(deposit, 'a-1', {amount: 1});
            await settled();
            const list = (await events()).map(({id, timestamp, type, correlationId}) => ({id, timestamp, type, correlationId}));
            await stop();
            return list;
        };
        const first = await run();
        expect(first).toHaveLength(7);
        expect(first[0]).toEqual({id: '019b76da-a800-7000-8000-000000000001', timestamp: START, type: 'account.opened', correlationId: '019b76da-a800-7000-8000-000000000001'});
        expect(first.find(({type}) => type === 'deposited')?.timestamp).toBe(START + 5);
        expect(await run()).toEqual(first);
    });

    it('never meets another: each has its own time, whatever they do at once', async () => {
        const stamped = z.object({by: z.string()});
        class Stamped extends Event<typeof stamped> {
            static schema = stamped;
            static version = 1;
        }
        const late = new TestClock(new Date('2030-01-01T00:00:00Z'));
        const clocks = [new TestClock(), late];
        const stamp = Aggregate.create('stamp').registerCommand(stamped, async function stamp(_state, payload) {
            await new Promise(resolve => setTimeout(resolve, 1));
            return new Stamped({payload});
        });
        const [one, two] = await Promise.all(clocks.map(clock => start({clock, aggregates: [stamp.aggregate]}))) as [TestWoltage, TestWoltage];
        await Promise.all(Array.from({length: 20}, (_, i) => (i % 2 === 0 ? one : two).woltage.executeCommand(stamp, 's', {by: `${i % 2}`}).catch(() => undefined)));
        expect(new Set((await one.events()).map(({timestamp, payload}) => `${timestamp} ${(payload as {by: string}).by}`))).toEqual(new Set([`${START} 0`]));
        expect(new Set((await two.events()).map(({timestamp, payload}) => `${timestamp} ${(payload as {by: string}).by}`))).toEqual(new Set([`${late.now} 1`]));
        expect(Math.abs(new Stamped({payload: {by: 'nobody'}}).timestamp - Date.now())).toBeLessThan(1000);
    });

    it('tells of a projection that is faulted, with its error', async () => {
        const {woltage, settled} = await start();
        await woltage.insides.record([{aggregateName: 'account', event: new Deposited({aggregateId: 'nobody', payload: {amount: 1}})}]);
        const began = performance.now();
        await expect(settled()).rejects.toMatchObject({code: 'ERR_ASSERTION', message: expect.stringMatching(/^Projection 'account@1' failed at event .*: There is no row of account 'nobody'\.$/) as string, cause: {code: 'HANDLER_FAILED'}});
        expect(performance.now() - began).toBeLessThan(1000);
        await settled({allowFaults: true});
        await woltage.skipEvent('account', 1);
        await settled();
    });

    it('says what it waits for', async () => {
        let release = (): void => undefined;
        const schema = {t: {key: z.object({id: z.string()})}};
        class SlowProjector extends Projector<typeof schema> {
            static schema = schema;
            static version = 1;

            async [AccountOpened.identity]() {
                await new Promise<void>(resolve => release = resolve);
            }
        }
        const slow = account.commands.get('slow') ?? account.registerCommand(() => new Promise<void>(() => undefined), 'slow');
        const {woltage, settled} = await start({projectorClasses: [SlowProjector], readModelClasses: []});
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await expect(settled({timeoutMs: 20})).rejects.toThrow(/projection 'slow@1', which is live at position -1 of 0/);
        release();
        await settled();
        const hanging = woltage.executeCommand(slow, 'a-2', {});
        await expect(settled({timeoutMs: 20})).rejects.toThrow(/1 commands or queries/);
        void hanging;
        running.pop();
    });

    it('takes projections as the config declares them, and directories', async () => {
        const {woltage, settled} = await start({projections: [{name: 'accounts', version: 3, projector: AccountProjector, store: 'anywhere'}]});
        await settled();
        expect(Object.keys(woltage.getProjections())).toEqual(['accounts@3']);
        const shop = new URL('../../../examples/getting-started/src/', import.meta.url).pathname;
        const {woltage: other} = await start({eventClasses: `${shop}events`, aggregates: `${shop}aggregates`, projectorClasses: `${shop}projectors`, readModelClasses: `${shop}readModels`});
        expect(Object.keys(other.getProjections())).toEqual(['order@2']);
    });

    it('takes a given/when/then on what is there', async () => {
        const {woltage, given, settled} = await start();
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await given([new Deposited({aggregateId: 'a-1', payload: {amount: 50}})]).when(withdraw, {amount: 20}).then([new Withdrawn({payload: {amount: 20}})]);
        await settled();
        expect(await woltage.executeQuery(Accounts, 'byId', {id: 'a-1'})).toMatchObject({balance: 30});
        await given([new Deposited({aggregateId: 'a-1', payload: {amount: 1}})]).expectRows(AccountProjector, {accounts: [{id: 'a-1', owner: 'Ann', balance: 31}]});
        const projected = given([new AccountOpened({aggregateId: 'a-2', payload: {owner: 'Bob'}})]).project(AccountProjector);
        await projected.expectEmitted([new WelcomeSent({aggregateId: 'a-2', payload: {to: 'Bob'}})]);
        expect(() => given([]).replay(AccountProjector)).toThrow(/runtime of its own/);
    });

    it('can be disposed of', async () => {
        let held: TestWoltage['woltage'];
        {
            await using test = await createTestWoltage({aggregates: [account]});
            held = test.woltage;
            await held.executeCommand(open, 'a', {owner: 'Ann'});
        }
        await expect(held.executeCommand(open, 'b', {owner: 'Ann'})).rejects.toMatchObject({code: 'STOPPED'});
    });

    it('has emitted events at the clock\'s time, also those of a retry', async () => {
        const schema = {t: {key: z.object({id: z.string()})}};
        let failures = 1;
        const send = sideEffect(async ({to}: {to: string}) => {
            if (failures-- > 0)
                throw new Error('Not yet.');
            await emit('account', new WelcomeSent({aggregateId: 'w', payload: {to}}));
        }, {name: 'kit-emit-later', durable: true, retry: {backoffMs: 7000}});
        class LateProjector extends Projector<typeof schema> {
            static schema = schema;
            static version = 1;

            async [AccountOpened.identity]({payload}: AccountOpened) {
                await send({to: payload.owner});
            }
        }
        const {woltage, clock, events} = await start({projectorClasses: [LateProjector], readModelClasses: []});
        await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
        await clock.advance(100_000);
        expect((await events()).map(({type, timestamp}) => [type, timestamp - START])).toEqual([['account.opened', 0], ['welcome.sent', 7000]]);
    });
});

describe('a test runtime under a test runner\'s own fake timers', () => {
    it('settles and advances all the same', async () => {
        vi.useFakeTimers();
        try {
            outbox.failures = 1;
            const {woltage, settled, clock, effects} = await start();
            await woltage.executeCommand(open, 'a-1', {owner: 'Ann'});
            await settled();
            await clock.advance(1000);
            expect(effects).toHaveLength(2);
            expect(outbox.mails).toEqual(['Ann']);
        } finally {
            vi.useRealTimers();
        }
    });
});
