import {describe, expect, it} from 'vitest';
import {MemoryStore} from '../memory/index.ts';
import type {CommitBatch, IStore} from '../ports/index.ts';
import {GroupCommit} from './group-commit.ts';
import {create, remove} from './places.ts';

async function recordingStore(): Promise<{readonly store: IStore; readonly sizes: number[]}> {
    const store = new MemoryStore().scope({namespace: 'g', tables: {}});
    await store.connect();
    const sizes: number[] = [];
    const commit = store.commit.bind(store);
    store.commit = async (batch: CommitBatch) => {
        sizes.push(batch.records?.length ?? 0);
        await commit(batch);
    };
    return {store, sizes};
}

describe('a group commit', () => {
    it('writes together what is asked for at the same time, and what comes meanwhile after it', async () => {
        const {store, sizes} = await recordingStore();
        const group = new GroupCommit(store);
        const first = Promise.all(Array.from({length: 50}, (_, i) => group.write([create(`a${i}`, '')])));
        await Promise.resolve();
        const second = group.write([create('b', '')]);
        await Promise.all([first, second]);
        expect(sizes).toEqual([51]);
        await group.write([create('c', '')]);
        expect(sizes).toEqual([51, 1]);
    });

    it('fails those alone that are stale, whole', async () => {
        const {store} = await recordingStore();
        await store.commit({records: [create('a3', ''), create('a7', '')]});
        const group = new GroupCommit(store);
        const outcomes = await Promise.allSettled(Array.from({length: 10}, (_, i) => group.write([create(`x${i}`, ''), create(`a${i}`, '')])));
        expect(outcomes.flatMap(({status}, i) => status === 'rejected' ? [i] : [])).toEqual([3, 7]);
        expect(outcomes[3]).toMatchObject({reason: {code: 'STALE_RECORD'}});
        expect((await store.listRecords('x')).map(({key}) => key)).toEqual(['x0', 'x1', 'x2', 'x4', 'x5', 'x6', 'x8', 'x9']);
    });

    it('writes one after the other what concerns the same record, and what is too much at once', async () => {
        const {store, sizes} = await recordingStore();
        const group = new GroupCommit(store);
        await Promise.all([group.write([create('a', '')]), group.write([remove('a'), create('b', '')]), group.write([remove('b')])]);
        expect(sizes).toEqual([1, 2, 1]);
        expect(await store.listRecords('')).toEqual([]);
        await Promise.all(['c', 'd', 'e'].map(key => group.write([create(key, 'x'.repeat(600_000))])));
        expect(sizes.slice(3)).toEqual([1, 1, 1]);
    });

    it('fails all when the store does, and goes on when it is back', async () => {
        const {store} = await recordingStore();
        const group = new GroupCommit(store);
        await store.close();
        const outcomes = await Promise.allSettled([group.write([create('a', '')]), group.write([create('b', '')])]);
        expect(outcomes.map(({status}) => status)).toEqual(['rejected', 'rejected']);
        await store.connect();
        await group.write([create('a', '')]);
        expect(await store.listRecords('')).toHaveLength(1);
    });
});
