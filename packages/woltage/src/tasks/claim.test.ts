import {beforeEach, describe, expect, it} from 'vitest';
import {MemoryStore} from '../memory/index.ts';
import type {IStore} from '../ports/index.ts';
import {silentLogger} from '../shared/logger.ts';
import {claimAll, type Claim, type ClaimScope} from './claim.ts';
import {findDue, loadTasks} from './find-due.ts';
import {GroupCommit} from './group-commit.ts';
import {CLAIMED, create, decodePlace, DUE, dueKey, encodePlace, remove} from './places.ts';
import {TaskQueue} from './task-queue.ts';

const owner = {id: 'o', host: 'h', pid: 1, startedAt: 1};

describe.each([['', false], [' of an ordered queue', true]])('a claim%s', (_of, isOrdered) => {
    let store: IStore;
    let scope: ClaimScope;
    beforeEach(async () => {
        store = new MemoryStore().scope({namespace: 't', tables: {}});
        await store.connect();
        scope = {store, group: new GroupCommit(store), isOrdered, claimant: {...owner, queue: 'q'}};
        const queue = new TaskQueue({store, log: silentLogger, self: {owner, isGone: () => false}, ordered: isOrdered});
        await queue.enqueue(['a', 'b', 'c'].map(id => ({id, kind: 'k', payload: id})));
    });

    const find = async (count: number) => loadTasks(store, (await findDue(store, {now: Date.now(), count, isFree: () => true})).due);
    const claim = async (count = 1): Promise<readonly Claim[]> => await claimAll(scope, await find(count)) ?? [];

    /** As another process would that takes this one for dead. */
    async function takeOver(): Promise<Claim> {
        if (!isOrdered) {
            const [found] = (await store.listRecords(CLAIMED)).map(({key, token, value}) => ({key, token, task: decodePlace(value)}));
            await store.commit({records: found === undefined ? [] : [remove(found.key, found.token), create(dueKey(found.task, false), encodePlace(found.task))]});
        }
        const [rival] = await claim();
        return rival as Claim;
    }

    it('that was lost can do nothing any more, and harms nobody', async () => {
        const [lost] = await claim();
        const rival = await takeOver();
        expect(rival.task).toMatchObject({id: 'a', attempts: 2});
        const {task} = rival;
        const writes = [
            () => lost?.renew(), () => lost?.retry({...task, dueAt: 1}), () => lost?.giveBack(), () => lost?.complete(1, [create('more', '')]),
            () => lost?.bury({...task, error: {message: ''}, failedAt: 1})
        ];
        const before = await store.listRecords('');
        for (const write of writes)
            await expect(write()).rejects.toMatchObject({code: 'STALE_RECORD'});
        expect(await store.listRecords('')).toEqual(before);
        await rival.renew();
        await rival.complete(Date.now() + 1000, []);
        expect((await find(5)).map(({task: {id}}) => id)).toEqual(['b', 'c']);
        await expect(rival.complete(1, [])).rejects.toMatchObject({code: 'STALE_RECORD'});
    });

    it('is made together with others, or not at all', async () => {
        const found = await find(3);
        const [second] = await claimAll(scope, found.slice(1, 2)) ?? [];
        expect(await claimAll(scope, found)).toBeUndefined();
        expect((await store.listRecords(DUE)).filter(({value}) => decodePlace(value).claimedBy === undefined)).toHaveLength(2);
        await second?.giveBack();
        expect((await find(3)).map(({task: {id, attempts}}) => [id, attempts])).toEqual([['a', 0], ['b', 0], ['c', 0]]);
    });

    it('whose renewal\'s answer was lost is still this process\'s', async () => {
        const [mine] = await claim();
        const commit = store.commit.bind(store);
        store.commit = async batch => {
            store.commit = commit;
            await commit(batch);
            throw new Error('The answer was lost.');
        };
        await expect(mine?.renew()).rejects.toThrow('The answer was lost.');
        await mine?.renew();
        await mine?.complete(Date.now() + 1000, []);
        expect((await find(5)).map(({task: {id}}) => id)).toEqual(['b', 'c']);
    });
});
