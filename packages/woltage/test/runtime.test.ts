import {afterEach, describe, expect, it} from 'vitest';
import createWoltage, {MemoryStore, type WoltageConfig} from 'woltage';
import {AccountOpened, Accounts, createApp as create, eventually, type TestApp} from './support/account.ts';

const apps: TestApp[] = [];
const createApp = async (...args: Parameters<typeof create>): Promise<TestApp> => {
    const app = await create(...args);
    apps.push(app);
    return app;
};
afterEach(async () => {
    for (const {woltage} of apps.splice(0))
        await woltage.stop();
});

/** With the projection account@1, active. */
async function createActive(...args: Parameters<typeof create>): Promise<TestApp> {
    const app = await createApp(...args);
    await app.woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
    await app.woltage.setProjectionActive('account', 1);
    return app;
}

describe('commands', () => {
    it('append the events that the handler returns and tell where they stand', async () => {
        const {woltage, open, move} = await createApp();
        const first = await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        expect(first).toMatchObject({revision: 0n, position: 0n});
        expect(first.events[0]).toMatchObject({type: 'account.opened', version: 1, aggregateId: 'a', revision: 0n, position: 0n});
        expect((await woltage.executeCommand(move, 'a', {amount: 5})).revision).toBe(1n);
    });

    it('are found by name, by aggregate and by handle', async () => {
        const {woltage, account} = await createApp();
        await woltage.executeCommand('account', 'a', 'open', {owner: 'Ann'});
        await woltage.executeCommand(account, 'a', 'move', {amount: 1});
        expect(await woltage.stateOf(account, 'a')).toEqual({isOpen: true, balance: 1, moves: 1});
    });

    it('fail with a conflict when another one on the same aggregate is faster', async () => {
        const {woltage, open} = await createApp();
        const results = await Promise.allSettled([1, 2].map(() => woltage.executeCommand(open, 'a', {owner: 'Ann'})));
        expect(results.map(({status}) => status).sort()).toEqual(['fulfilled', 'rejected']);
        expect(results.find(r => r.status === 'rejected')).toMatchObject({reason: {code: 'REVISION_CONFLICT', status: 409}});
    });

    it('are refused before anything is loaded when the payload is wrong', async () => {
        const {woltage} = await createApp();
        await expect(woltage.executeCommand('account', 'a', 'open', {owner: ''})).rejects.toMatchObject({
            code: 'VALIDATION_FAILED', status: 400, issues: [{path: ['owner']}]
        });
    });

    it.each(['constructor', '__proto__', 'hasOwnProperty', 'nope'])('named %s are not found', async name => {
        const {woltage} = await createApp();
        await expect(woltage.executeCommand(name, 'a', 'open', {})).rejects.toMatchObject({code: 'UNKNOWN_AGGREGATE', status: 404});
        await expect(woltage.stateOf(name as never, 'a')).rejects.toMatchObject({code: 'UNKNOWN_AGGREGATE', message: expect.stringContaining('not by its name') as string});
        await expect(woltage.executeCommand('account', 'a', name, {})).rejects.toMatchObject({code: 'UNKNOWN_COMMAND', status: 404});
        await expect(woltage.executeQuery(name, 'byId', {})).rejects.toMatchObject({code: 'UNKNOWN_READ_MODEL', status: 404});
        await expect(woltage.executeQuery('accounts', name, {})).rejects.toMatchObject({code: 'UNKNOWN_HANDLER', status: 404});
    });

    it('get a state of their own: what a handler does to it stays with it', async () => {
        const {woltage, account, open} = await createApp();
        account.registerCommand(function spoil(state) {
            state.balance = 1000;
        });
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        await woltage.executeCommand('account', 'a', 'spoil', {});
        expect(await woltage.stateOf(account, 'a')).toMatchObject({balance: 0});
    });
});

describe('projections', () => {
    it('replay the past and then follow live', async () => {
        const {woltage, open, move} = await createApp();
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        await woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
        await woltage.getProjection('account', 1)?.untilLive();
        await woltage.setProjectionActive('account', 1);
        const {position} = await woltage.executeCommand(move, 'a', {amount: 7});
        expect(await woltage.executeQuery(Accounts, 'byId', {id: 'a'}, {}, {after: position})).toMatchObject({balance: 7, moves: 1});
    });

    it('are live at once when there is nothing to replay', async () => {
        const {woltage} = await createActive();
        expect(woltage.getProjection('account', 1)).toMatchObject({isLiveTracking: true, isActive: true, state: 'live'});
    });

    it('survive a restart, with the version that is active', async () => {
        const app = await createActive();
        const {position} = await app.woltage.executeCommand(app.open, 'a', {owner: 'Ann'});
        await app.woltage.executeQuery('accounts', 'byId', {id: 'a'}, {}, {after: position});
        const again = await app.restart();
        apps.push(again);
        expect(again.woltage.getProjection('account')).toMatchObject({id: 'account@1', isActive: true, isLiveTracking: true});
        expect(await again.woltage.executeQuery('Accounts', 'byId', {id: 'a'})).toMatchObject({owner: 'Ann'});
    });

    it('are not activated while they replay, and not removed while they are active, unless forced', async () => {
        let release = (): void => undefined;
        const gate = new Promise<void>(resolve => release = resolve);
        const {woltage, open, move} = await createActive({}, {beforeMove: (_event, version) => version === 2 ? gate : undefined});
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        await woltage.executeCommand(move, 'a', {amount: 1});
        const adding = woltage.addProjection('account', 2, 'AccountProjector', 2, 'main');
        await adding;
        await expect(woltage.setProjectionActive('account', 2)).rejects.toMatchObject({code: 'PROJECTION_NOT_LIVE'});
        await expect(woltage.removeProjection('account', 1)).rejects.toMatchObject({code: 'PROJECTION_ACTIVE'});
        release();
        await woltage.getProjection('account', 2)?.untilLive();
        await woltage.setProjectionActive('account', 2);
        expect(woltage.getProjection('account', 1)?.isActive).toBe(false);
        await woltage.removeProjection('account', 1);
        expect(Object.keys(woltage.getProjections())).toEqual(['account@2']);
        expect(await woltage.executeQuery(Accounts, 'byId', {id: 'a'})).toMatchObject({balance: 2});
    });

    it('start from nothing when they are removed and added again', async () => {
        const {woltage, open, move} = await createActive();
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        await woltage.executeCommand(move, 'a', {amount: 3});
        await woltage.removeProjection('account', 1, true);
        await expect(woltage.executeQuery('accounts', 'total', {})).rejects.toMatchObject({code: 'PROJECTION_NOT_ACTIVE', status: 503});
        await woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
        await woltage.getProjection('account', 1)?.untilLive();
        await woltage.setProjectionActive('account', 1);
        expect(await woltage.executeQuery('accounts', 'total', {})).toBe(3);
    });

    it('stop as faulted at an event that keeps failing, and go on when tried again', async () => {
        let isBroken = true;
        const {woltage, open, move} = await createActive({projectionTuning: {maxAttempts: 3, retryMs: 1}}, {
            beforeMove({payload}) {
                if (isBroken && payload.amount === 13)
                    throw new Error('Thirteen!');
            }
        });
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        for (const amount of [1, 13, 1])
            await woltage.executeCommand(move, 'a', {amount});
        const projection = woltage.getProjection('account', 1);
        await eventually(() => projection?.state === 'faulted');
        expect(projection?.error).toMatchObject({code: 'HANDLER_FAILED', eventType: 'money.moved@1', position: 2n});
        expect(await woltage.executeQuery('accounts', 'total')).toBe(1);
        isBroken = false;
        await woltage.retryProjection('account', 1);
        await projection?.untilLive();
        expect(await woltage.executeQuery('accounts', 'total')).toBe(15);
    });
});

describe('side effects', () => {
    it('run for new events in the active version alone', async () => {
        const {woltage, open, move, effects} = await createApp();
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        for (const version of [1, 2])
            await woltage.addProjection('account', version, 'AccountProjector', version, 'main');
        await woltage.getProjection('account', 1)?.untilLive();
        await woltage.setProjectionActive('account', 1);
        const {position} = await woltage.executeCommand(move, 'a', {amount: 1});
        await eventually(() => effects.length > 0 && woltage.getProjection('account', 2)?.position === position);
        expect(effects).toEqual([`1:${position}`]);
    });

    it('run after a restart for events that came while the process was down, once', async () => {
        const app = await createActive();
        await app.woltage.executeCommand(app.open, 'a', {owner: 'Ann'});
        await eventually(() => app.effects.length === 1);
        const writer = await app.restart({autostart: false});
        const {position} = await writer.woltage.executeCommand(writer.move, 'a', {amount: 1});
        const again = await writer.restart({autostart: true});
        apps.push(again);
        await eventually(() => again.effects.length === 2);
        const third = await again.restart();
        apps.push(third);
        await third.woltage.getProjection('account', 1)?.untilLive();
        expect(third.effects).toEqual(['1:0', `1:${position}`]);
    });

    it('never run for history, whatever is removed, added again or switched', async () => {
        const {woltage, open, move, effects} = await createActive();
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        await woltage.executeCommand(move, 'a', {amount: 1});
        await eventually(() => effects.length === 2);
        await woltage.removeProjection('account', 1, true);
        for (const version of [1, 2]) {
            await woltage.addProjection('account', version, 'AccountProjector', version, 'main');
            await woltage.getProjection('account', version)?.untilLive();
            await woltage.setProjectionActive('account', version);
        }
        await woltage.setProjectionActive('account', 1, true);
        await woltage.executeCommand(move, 'a', {amount: 1});
        await eventually(() => effects.length === 3);
        expect(effects).toEqual(['1:0', '1:1', '1:2']);
    });

    it('run exactly once for each event across 20 switches under load', async () => {
        const {woltage, open, move, effects} = await createActive();
        await woltage.addProjection('account', 2, 'AccountProjector', 2, 'main');
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        let isDone = false;
        const load = (async () => {
            while (!isDone) {
                await woltage.executeCommand(move, 'a', {amount: 1});
                await new Promise(resolve => setTimeout(resolve, 1));
            }
        })();
        for (let i = 0; i < 20; i++) {
            await woltage.getProjection('account', 2 - i % 2)?.untilLive();
            await woltage.setProjectionActive('account', 2 - i % 2);
            const seen = effects.length;
            await eventually(() => effects.length > seen + 3);
        }
        isDone = true;
        await load;
        const head = woltage.getProjection('account', 1)?.head ?? 0n;
        await eventually(() => effects.length >= Number(head) + 1);
        const positions = effects.map(effect => Number(effect.split(':')[1]));
        expect(positions).toEqual(positions.map((_, i) => i));
        expect(new Set(effects.map(effect => effect.split(':')[0]))).toEqual(new Set(['1', '2']));
    });
});

describe('the life of an instance', () => {
    it('refuses calls after stop, and starts again', async () => {
        const {woltage, open} = await createActive();
        await woltage.stop();
        await woltage.stop();
        await expect(woltage.executeCommand(open, 'a', {owner: 'Ann'})).rejects.toMatchObject({code: 'STOPPED', status: 503});
        await woltage.start();
        expect((await woltage.executeCommand(open, 'a', {owner: 'Ann'})).revision).toBe(0n);
    });

    it('lets commands and queries that are under way finish before it stops', async () => {
        const {woltage, account} = await createActive();
        let release = (): void => undefined;
        const gate = new Promise<void>(resolve => release = resolve);
        account.registerCommand(async function wait() {
            await gate;
            return new AccountOpened({payload: {owner: 'Late'}});
        });
        const command = woltage.executeCommand('account', 'late', 'wait', {});
        const stopping = woltage.stop();
        await expect(woltage.executeCommand('account', 'late', 'wait', {})).rejects.toMatchObject({code: 'STOPPED'});
        release();
        expect((await command).revision).toBe(0n);
        await stopping;
    });

    it('lists everything that is wrong with a config', async () => {
        const config = {eventStore: {}, evntClasses: [], internalStore: {adapter: MemoryStore}} as unknown as WoltageConfig;
        await expect(createWoltage(config)).rejects.toMatchObject({
            code: 'CONFIG_INVALID',
            message: expect.stringMatching(/'evntClasses' is not a property.*'eventClasses' is missing.*'eventStore' must be/s) as string
        });
    });

    it('passes the context of a query on', async () => {
        const {woltage} = await createActive();
        expect(await woltage.executeQuery(Accounts, 'withContext', {}, {userId: '7'})).toEqual({userId: '7'});
        expect(() => Accounts.get()).toThrow(expect.objectContaining({code: 'OUTSIDE_CONTEXT'}) as Error);
    });
});
