import {describe, expect, it} from 'vitest';
import {Aggregate} from 'woltage';
import {createGiven, createTestWoltage, given, TestClock} from '@woltage/testing';
import {account, open, withdraw} from './bank/account.ts';
import {AccountOpened, Deposited, Withdrawn} from './bank/events.ts';
import {AccountProjector} from './bank/projectors.ts';

const SHOP = new URL('../../../examples/getting-started/src/', import.meta.url).pathname;

const opened = (aggregateId?: string) => new AccountOpened({aggregateId, payload: {owner: 'Ann'}});
const invalid = (message: RegExp) => expect.objectContaining({code: 'TEST_INVALID', message: expect.stringMatching(message) as string}) as Error;
/** Calls as JavaScript can. */
const anyone = (value: unknown) => value as never;

describe('what can\'t be given', () => {
    it('is told at once', () => {
        expect(() => given(anyone(opened()))).toThrow(invalid(/takes an array of events/));
        expect(() => given([opened(), anyone(AccountOpened)])).toThrow(invalid(/item 2 is not an instance.*It is a class/));
        expect(() => given([anyone({type: 'account.opened'})])).toThrow(invalid(/item 1 is not an instance/));
        expect(() => given([], anyone('x'))).toThrow(invalid(/takes a config object/));
        expect(() => createGiven(anyone(undefined))).toThrow(invalid(/takes a config object/));
        expect(() => given([]).and('', 'a', [])).toThrow(invalid(/and takes an aggregate/));
        expect(() => given([]).and(account, anyone(undefined), [])).toThrow(invalid(/and takes an aggregate/));
        expect(() => given([]).and(account, 'a', anyone(1))).toThrow(invalid(/takes an array of events/));
    });
});

describe('what can\'t be done', () => {
    it('is told at once', () => {
        expect(() => given([]).when(anyone(undefined), {})).toThrow(invalid(/when takes what registerCommand has returned.*not undefined/));
        expect(() => given([]).when(anyone(() => undefined), {})).toThrow(invalid(/when takes what registerCommand/));
        expect(() => given([]).when(account, 'nope', {})).toThrow(invalid(/Aggregate 'account' has no command 'nope'\. It has: open, deposit, withdraw, clear/));
        expect(() => given([]).when(withdraw, {amount: 1}, anyone('a-1'))).toThrow(invalid(/context of a command is an object/));
        expect(() => given([]).project(anyone(undefined))).toThrow(invalid(/projector class is expected here, not undefined/));
        expect(() => given([]).switch(AccountProjector, AccountProjector)).toThrow(invalid(/both are AccountProjector@1/));
        expect(() => given([]).switch(AccountProjector, class Other extends AccountProjector {}, {after: -1})).toThrow(invalid(/number of events/));
    });

    it('is told when it is known', async () => {
        await expect(given([opened('a'), opened('b')]).when(withdraw, {amount: 1}).thenNothing()).rejects.toThrow(invalid(/several aggregates 'account': a, b\. Say which/));
        const twin = createGiven({aggregates: [account, Aggregate.create('twin').on(Deposited, () => undefined)]});
        const other = Aggregate.create('other').registerCommand(function nothing() {
            return [];
        });
        await expect(twin([new Deposited({payload: {amount: 1}})]).when(other, {}).thenNothing()).rejects.toThrow(invalid(/Deposited may belong to 'account' or 'twin'/));
    });
});

describe('what can\'t be expected', () => {
    it('is told', async () => {
        const withdrawing = () => given([opened()]).when(withdraw, {amount: 1});
        await expect(withdrawing().then(anyone(undefined))).rejects.toThrow(invalid(/then takes events, or an error/));
        await expect(withdrawing().then(anyone({amount: 1}))).rejects.toThrow(invalid(/then takes events, event classes or eventLike/));
        await expect(withdrawing().then([anyone('x')])).rejects.toThrow(invalid(/item 1 is 'x'/));
        await expect(withdrawing().then(anyone(3))).rejects.toThrow(invalid(/not 3/));
        await expect(Promise.resolve(withdrawing() as unknown)).rejects.toThrow(invalid(/Nothing is expected of account\.withdraw \{amount: 1\}: end it with/));
        const projected = given([opened()]).project(AccountProjector);
        await expect(projected.expectRows(anyone({}))).rejects.toThrow(invalid(/expectRows takes rows by table: \{accounts: \[\{\.\.\.\}\]\}/));
        await expect(projected.expectRows(anyone({nope: []}))).rejects.toThrow(invalid(/has no table 'nope'\. It has: accounts, owners/));
        await expect(projected.expectRows(anyone({accounts: {}}))).rejects.toThrow(invalid(/must be an array of objects/));
        await expect(projected.expectEffects(anyone(['x']))).rejects.toThrow(invalid(/expectEffects takes an array of side effects/));
        await expect(projected.expectEmitted(anyone('x'))).rejects.toThrow(invalid(/expectEmitted takes events/));
    });
});

describe('what an application doesn\'t know', () => {
    const strict = createGiven({eventClasses: [AccountOpened, Deposited]});

    it('is told as in production', async () => {
        await expect(strict([new Withdrawn({payload: {amount: 1}})]).when(open, {owner: 'Ann'}).thenNothing()).rejects.toMatchObject({code: 'UNKNOWN_EVENT_CLASS', message: expect.stringMatching(/withdrawn/i) as string});
        await expect(createTestWoltage({eventClasses: [AccountOpened], aggregates: [account]})).rejects.toMatchObject({code: 'UNKNOWN_EVENT_CLASS'});
        await expect(createTestWoltage({nonsense: 1} as never)).rejects.toMatchObject({code: 'CONFIG_INVALID'});
        await expect(createTestWoltage({harness: {}} as never)).rejects.toThrow(invalid(/`harness` of a test runtime is its own/));
        await expect(createTestWoltage(anyone('x'))).rejects.toThrow(invalid(/takes a config object/));
    });

    it('or knows in another copy', async () => {
        const shop = createGiven({eventClasses: `${SHOP}events`, aggregates: `${SHOP}aggregates`});
        const order = Aggregate.create('order').registerCommand(function nothing() {
            return [];
        });
        await expect(shop([]).when(order, {}).thenNothing()).rejects.toThrow(invalid(/'order' of this test is not the one that the runtime knows.*deps: \{inline/));
        await expect(shop([]).when(open, {owner: 'Ann'}).thenNothing()).rejects.toThrow(invalid(/has no aggregate 'account'/));
    });

    it('or needs', async () => {
        const {given: there, stop} = await createTestWoltage({aggregates: [account]});
        await expect(there([]).project(AccountProjector).expectRows({accounts: []})).rejects.toThrow(invalid(/no projection of AccountProjector@1/));
        await stop();
    });
});

describe('a clock', () => {
    it('takes whole milliseconds, and only goes forwards', async () => {
        const clock = new TestClock(5);
        for (const ms of [-1, 0.5, NaN, Infinity, '1'])
            await expect(clock.advance(ms as number)).rejects.toThrow(invalid(/can't be advanced by/));
        expect(() => new TestClock(new Date('x'))).toThrow(invalid(/can't begin with/));
        await clock.advance(0);
        expect(clock.now).toBe(5);
    });
});
