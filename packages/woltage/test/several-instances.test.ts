import {afterEach, describe, expect, it} from 'vitest';
import {MemoryEventStoreData, MemoryStore, MemoryStoreData} from 'woltage';
import {createApp, eventually, type TestApp} from './support/account.ts';

const apps: TestApp[] = [];
afterEach(async () => {
    for (const {woltage} of apps.splice(0))
        await woltage.stop();
});

/** Several runtimes on the same data, as several processes have it. */
async function createInstances(count: number, leaseMs: number) {
    const backing = {events: new MemoryEventStoreData(), rows: new MemoryStoreData(), effects: []};
    const list: TestApp[] = [];
    for (let i = 0; i < count; i++) {
        const app = await createApp({projectionTuning: {leaseMs, retryMs: 1}}, {}, backing);
        apps.push(app);
        list.push(app);
        if (i === 0) {
            await app.woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
            await app.woltage.setProjectionActive('account', 1);
        }
    }
    return {list, backing};
}

describe('several instances on the same stores', () => {
    it('have one work on a projection, and another go on when it stops', async () => {
        const {list: [one, two], backing} = await createInstances(2, 400);
        if (one === undefined || two === undefined)
            throw new Error('Two instances were asked for.');
        expect(two.woltage.getProjection('account')?.state).toBe('standby');
        await two.woltage.executeCommand(two.open, 'a', {owner: 'Ann'});
        const {position} = await two.woltage.executeCommand(two.move, 'a', {amount: 5});
        // The one that stands by sees how far the other has come, and reads the same rows.
        expect(await two.woltage.executeQuery('accounts', 'byId', {id: 'a'}, {}, {after: position})).toMatchObject({balance: 5, moves: 1});
        await one.woltage.stop();
        await eventually(() => two.woltage.getProjection('account')?.state === 'live');
        await two.woltage.executeCommand(two.move, 'a', {amount: 5});
        await eventually(() => backing.effects.length === 3);
        expect(await two.woltage.executeQuery('accounts', 'byId', {id: 'a'})).toMatchObject({balance: 10, moves: 2});
    });

    it('take over from one that has fallen silent, whose late writes fail', async () => {
        const {list: [one, two]} = await createInstances(2, 60);
        if (one === undefined || two === undefined)
            throw new Error('Two instances were asked for.');
        const held = await silence(async () => {
            await eventually(() => two.woltage.getProjection('account')?.state === 'live');
            await two.woltage.executeCommand(two.open, 'a', {owner: 'Ann'});
            await eventually(async () => await two.woltage.executeQuery('accounts', 'byId', {id: 'a'}) !== null);
        });
        expect(held).toBeGreaterThan(0);
        await eventually(() => one.woltage.getProjection('account')?.state === 'standby');
        expect(two.woltage.getProjection('account')?.state).toBe('live');
    });
});

/** Holds back the first commits that come, as a process does that is paused, while `meanwhile` runs; then lets them through. */
async function silence(meanwhile: () => Promise<void>): Promise<number> {
    const commit = MemoryStore.prototype.commit;
    const held: (() => void)[] = [];
    // Whoever beats first is the one at work.
    const silenced = new Set<MemoryStore>();
    MemoryStore.prototype.commit = async function (this: MemoryStore, batch) {
        if (silenced.size === 0 && batch.records?.some(({key}) => key === 'checkpoint') === true)
            silenced.add(this);
        if (silenced.has(this))
            await new Promise<void>(resolve => held.push(resolve));
        return commit.call(this, batch);
    };
    try {
        await eventually(() => held.length > 0);
        await meanwhile();
    } finally {
        MemoryStore.prototype.commit = commit;
        for (const release of held)
            release();
    }
    return held.length;
}
