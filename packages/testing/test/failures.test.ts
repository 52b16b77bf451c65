import {AssertionError} from 'node:assert';
import {describe, expect, it} from 'vitest';
import {NotFoundError} from 'woltage';
import {eventLike, given, ran} from '@woltage/testing';
import {InsufficientFunds, withdraw} from './bank/account.ts';
import {AccountOpened, Deposited, WelcomeSent, Withdrawn} from './bank/events.ts';
import {AccountProjector, outbox, sendWelcome, tellOwner} from './bank/projectors.ts';

const history = () => [new AccountOpened({payload: {owner: 'Ann'}}), new Deposited({payload: {amount: 50}})];
const withdrawn = (amount: number) => new Withdrawn({payload: {amount}});

/** What an expectation fails with. It must be an AssertionError. */
async function failureOf(expectation: Promise<void>): Promise<AssertionError> {
    const error = await expectation.then(() => undefined, (e: unknown) => e);
    expect(error).toBeInstanceOf(AssertionError);
    return error as AssertionError;
}

describe('a command that doesn\'t come to what is expected', () => {
    it('shows where payloads differ', async () => {
        const {message, expected, actual} = await failureOf(given(history()).when(withdraw, {amount: 10}).then([withdrawn(12)]));
        expect(message).toBe([
            'account.withdraw didn\'t come to what was expected.',
            '  given     AccountOpened {owner: \'Ann\'}',
            '            Deposited {amount: 50}',
            '  when      account.withdraw {amount: 10}',
            '  expected  Withdrawn {amount: 12}',
            '  got       Withdrawn {amount: 10}',
            '  differs   event 1: payload.amount: expected 12, got 10'
        ].join('\n'));
        expect(expected).toEqual([{event: 'Withdrawn', version: 1, payload: {amount: 12}}]);
        expect(actual).toEqual([{event: 'Withdrawn', version: 1, payload: {amount: 10}}]);
    });

    it('shows events that are missing, too many, or others', async () => {
        expect((await failureOf(given(history()).when(withdraw, {amount: 10}).then([]))).message).toMatch(/expected {2}no event\n {2}got {7}Withdrawn \{amount: 10\}\n {2}differs {3}expected 0 events, got 1$/);
        expect((await failureOf(given(history()).when(withdraw, {amount: 10}).thenNothing())).message).toMatch(/expected {2}no event/);
        expect((await failureOf(given(history()).when(withdraw, {amount: 10}).then([withdrawn(10), withdrawn(10)]))).message).toMatch(/differs {3}expected 2 events, got 1$/);
        expect((await failureOf(given(history()).when(withdraw, {amount: 10}).then([Deposited]))).message).toMatch(/expected {2}Deposited \(any\)\n.*\n {2}differs {3}event 1: expected Deposited, got Withdrawn$/);
        expect((await failureOf(given(history()).when(withdraw, {amount: 10}).then(eventLike(Withdrawn, {amount: expect.any(String)})))).message).toMatch(/payload\.amount: expected Any/);
    });

    it('shows the error that came instead of events, and keeps it as the cause', async () => {
        const error = await failureOf(given(history()).when(withdraw, {amount: 60}).then([withdrawn(60)]));
        expect(error.message).toMatch(/expected {2}Withdrawn \{amount: 60\}\n {2}got {7}InsufficientFunds INSUFFICIENT_FUNDS: There are 10 too few\.$/);
        expect(error.cause).toBeInstanceOf(InsufficientFunds);
        expect(error.actual).toEqual({error: 'InsufficientFunds', code: 'INSUFFICIENT_FUNDS', message: 'There are 10 too few.'});
    });

    it('shows the events that came instead of an error', async () => {
        const error = await failureOf(given(history()).when(withdraw, {amount: 10}).then(InsufficientFunds));
        expect(error.message).toMatch(/expected {2}an error of class InsufficientFunds\n {2}got {7}Withdrawn \{amount: 10\}$/);
        expect(error.expected).toEqual({error: 'InsufficientFunds'});
    });

    it('shows another error than the one expected', async () => {
        const failing = () => given(history()).when(withdraw, {amount: 60});
        expect((await failureOf(failing().then(NotFoundError))).message).toMatch(/an error of class NotFoundError\n {2}got {7}InsufficientFunds .*\n {2}differs {3}another class$/);
        expect((await failureOf(failing().then('NOT_FOUND'))).message).toMatch(/an error with the code 'NOT_FOUND'\n.*\n {2}differs {3}another code$/);
        expect((await failureOf(failing().then(/too many/))).message).toMatch(/whose message matches \/too many\/\n.*\n {2}differs {3}another message$/);
        expect((await failureOf(failing().then(new InsufficientFunds(9)))).message).toMatch(/an error like InsufficientFunds .*9 too few/);
        expect((await failureOf(failing().then(() => false))).message).toMatch(/that the given function accepts\n.*\n {2}differs {3}the function has returned false$/);
        expect((await failureOf(failing().then(error => expect(error).toBe(1)))).message).toMatch(/differs {3}the function has thrown AssertionError/);
    });

    it('shows another state', async () => {
        expect((await failureOf(given(history()).when(withdraw, {amount: 10}).thenState({owner: 'Ann', balance: 50}))).message).toMatch(/got {7}\{owner: 'Ann', balance: 40\}\n {2}differs {3}balance: expected 50, got 40$/);
        expect((await failureOf(given(history()).when(withdraw, {amount: 10}).thenState(() => false))).message).toMatch(/a state that the given function accepts/);
        expect((await failureOf(given(history()).when(withdraw, {amount: 60}).thenState({}))).message).toMatch(/expected {2}a state\n {2}got {7}InsufficientFunds/);
    });
});

describe('a projector that doesn\'t come to what is expected', () => {
    const id = 'a-1';
    const events = () => [new AccountOpened({aggregateId: id, payload: {owner: 'Ann'}}), new Deposited({aggregateId: id, payload: {amount: 50}})];

    it('shows rows that differ, are missing, or weren\'t expected', async () => {
        const error = await failureOf(given(events()).expectRows(AccountProjector, {accounts: [{id, owner: 'Ann', balance: 40}, {id: 'a-2', owner: 'Bob', balance: 0}], owners: []}));
        expect(error.message).toBe([
            'The rows of AccountProjector@1 are not what was expected.',
            '  given    AccountOpened {owner: \'Ann\'}',
            '           Deposited {amount: 50}',
            '  differs  accounts {id: \'a-1\'}: balance: expected 40, got 50',
            '           accounts: missing {id: \'a-2\', owner: \'Bob\', balance: 0}',
            '           owners: unexpected {owner: \'Ann\', accounts: 1}'
        ].join('\n'));
        expect(error.expected).toEqual({accounts: [{id, owner: 'Ann', balance: 40}, {id: 'a-2', owner: 'Bob', balance: 0}], owners: []});
        expect(error.actual).toEqual({accounts: [{id, owner: 'Ann', balance: 50}], owners: [{owner: 'Ann', accounts: 1}]});
        expect((await failureOf(given(events()).replay(AccountProjector).expectRows({accounts: []}))).message).toMatch(/AccountProjector@1 after a replay/);
    });

    it('shows effects that are missing or weren\'t expected', async () => {
        const {message} = await failureOf(given(events()).project(AccountProjector).expectEffects([ran(tellOwner, 'Ann', 40), ran(sendWelcome, {to: 'Ann'})]));
        expect(message).toMatch(/differs {3}missing tellOwner\('Ann', 40\)\n {12}unexpected tellOwner\('Ann', 50\)$/);
        expect((await failureOf(given(events()).project(AccountProjector).expectEffects([]))).message).toMatch(/expected {2}none\n/);
        expect((await failureOf(given().project(AccountProjector).expectEffects([ran('bank-send-welcome', {to: 'Ann'})]))).message).toMatch(/differs {3}missing bank-send-welcome\(\{to: 'Ann'\}\)/);
    });

    it('shows other emitted events', async () => {
        const {message} = await failureOf(given(events()).project(AccountProjector).expectEmitted([new WelcomeSent({payload: {to: 'Bob'}})]));
        expect(message).toMatch(/The emitted events of AccountProjector@1.*expected {2}WelcomeSent \{to: 'Bob'\}\n {2}got {7}WelcomeSent \{to: 'Ann'\}\n {2}differs {3}event 1: payload\.to: expected 'Bob', got 'Ann'$/s);
    });

    it('shows the error of a handler', async () => {
        for (const how of ['project', 'replay'] as const) {
            const error = await failureOf(given([new Deposited({aggregateId: 'nobody', payload: {amount: 1}})])[how](AccountProjector).expectRows({accounts: []}));
            expect(error.message).toMatch(/^Projection 'account@1' failed at event .* \('deposited@1', position 0\): There is no row of account 'nobody'\.$/);
            expect(error.cause).toMatchObject({code: 'HANDLER_FAILED', eventType: 'deposited@1'});
        }
        expect(outbox.mails).not.toContain('nobody');
    });
});
