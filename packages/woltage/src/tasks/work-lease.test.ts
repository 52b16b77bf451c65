import {afterEach, describe, expect, it} from 'vitest';
import {MemoryStore, MemoryStoreData} from '../memory/index.ts';
import type {IStore} from '../ports/index.ts';
import {delay} from '../shared/delay.ts';
import {silentLogger} from '../shared/logger.ts';
import {WorkLease} from './index.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
    await Promise.all(ends.splice(0).map(end => end()));
});

async function scopeOf(data: MemoryStoreData): Promise<IStore> {
    const store = new MemoryStore(data).scope({namespace: 'lease', tables: {}});
    await store.connect();
    return store;
}

interface Contender {
    /** What it has done, in the order of it. */
    readonly log: string[];
    readonly end: () => Promise<void>;
}

/** Works until its signal aborts. */
const untilAborted = (signal: AbortSignal): Promise<void> => new Promise(resolve => signal.addEventListener('abort', () => resolve()));

function contend(store: IStore, name: string, log: string[], {leaseMs = 300, host = 'h', work = untilAborted}: {leaseMs?: number; host?: string; work?: (signal: AbortSignal) => Promise<void>} = {}): Contender {
    const abort = new AbortController();
    const self = {owner: {id: name, host, pid: 1, startedAt: 1}, isGone: (owner: {readonly host: string}) => owner.host === 'gone'};
    const running = new WorkLease({store, key: 'the-lease', self, log: silentLogger, leaseMs}).run(async signal => {
        log.push(`${name} begins`);
        await work(signal).finally(() => log.push(`${name} ends`));
    }, abort.signal);
    const end = (): Promise<void> => {
        abort.abort();
        return running;
    };
    ends.push(end);
    return {log, end};
}

async function until(condition: () => boolean, timeoutMs = 5000): Promise<void> {
    for (const end = Date.now() + timeoutMs; !condition();) {
        expect(Date.now()).toBeLessThan(end);
        await delay(2);
    }
}

/** A store whose holder's process is paused, or that is away. */
function breakable(store: IStore): {isAway: boolean} {
    const state = {isAway: false};
    const {commit, getRecords} = store;
    const check = (): void => {
        if (state.isAway)
            throw new Error('The database is away.');
    };
    store.commit = async batch => {
        check();
        return commit.call(store, batch);
    };
    store.getRecords = async keys => {
        check();
        return getRecords.call(store, keys);
    };
    return state;
}

describe('a lease of work', () => {
    it('is held by one at a time, for as long as it takes, and passes on when it is given back', async () => {
        const data = new MemoryStoreData();
        const log: string[] = [];
        const one = contend(await scopeOf(data), 'one', log);
        await until(() => log.length === 1);
        const two = contend(await scopeOf(data), 'two', log);
        await delay(900);
        expect(log).toEqual(['one begins']);
        const began = performance.now();
        await one.end();
        await until(() => log.length === 3);
        expect(performance.now() - began).toBeLessThan(1000);
        expect(log).toEqual(['one begins', 'one ends', 'two begins']);
        await two.end();
        expect(await (await scopeOf(data)).listRecords('')).toEqual([]);
    });

    it('passes on at once when the holder is known to be gone, and when it has been silent for the lease', async () => {
        const data = new MemoryStoreData();
        const log: string[] = [];
        const gone = await scopeOf(data);
        const stateOfGone = breakable(gone);
        contend(gone, 'gone', log, {host: 'gone', leaseMs: 60_000, work: () => new Promise(resolve => setTimeout(resolve, 3000).unref())});
        await until(() => log.length === 1);
        stateOfGone.isAway = true;
        const silent = await scopeOf(data);
        const state = breakable(silent);
        const began = performance.now();
        contend(silent, 'silent', log, {leaseMs: 60_000});
        await until(() => log.length === 2);
        expect(performance.now() - began).toBeLessThan(1500);
        state.isAway = true;
        const third = performance.now();
        contend(await scopeOf(data), 'third', log, {leaseMs: 200});
        await until(() => log.length === 3);
        expect(performance.now() - third).toBeGreaterThan(150);
        expect(log).toEqual(['gone begins', 'silent begins', 'third begins']);
    });

    it('aborts the work when it is lost: at the latest when the store has been away for the lease; then stands by', async () => {
        const data = new MemoryStoreData();
        const log: string[] = [];
        const store = await scopeOf(data);
        const state = breakable(store);
        contend(store, 'one', log, {leaseMs: 150});
        await until(() => log.length === 1);
        state.isAway = true;
        await until(() => log.includes('one ends'));
        const two = contend(await scopeOf(data), 'two', log, {leaseMs: 150});
        await until(() => log.includes('two begins'));
        state.isAway = false;
        await delay(300);
        expect(log).toEqual(['one begins', 'one ends', 'two begins']);
        await two.end();
        await until(() => log.length === 5);
        expect(log.slice(3)).toEqual(['two ends', 'one begins']);
    });

    it('goes on when the answers of its writes are lost', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const commit = store.commit.bind(store);
        let n = 0;
        store.commit = async batch => {
            await commit(batch);
            if (n++ % 2 === 0)
                throw new Error('The answer was lost.');
        };
        const log: string[] = [];
        const one = contend(store, 'one', log, {leaseMs: 200});
        await until(() => n > 8);
        expect(log).toEqual(['one begins']);
        await one.end();
        expect(await store.listRecords('')).toEqual([]);
    });

    it('begins work anew that has ended or failed, and gives the lease back at the end', async () => {
        const store = await scopeOf(new MemoryStoreData());
        const log: string[] = [];
        let n = 0;
        const one = contend(store, 'one', log, {work: async signal => {
            if (++n < 3)
                throw new Error('No.');
            if (n > 3)
                await untilAborted(signal);
        }});
        await until(() => n === 4);
        await one.end();
        expect(log).toEqual(Array.from({length: 4}, () => ['one begins', 'one ends']).flat());
        expect(await store.listRecords('')).toEqual([]);
    });

    it('is not begun when its signal has aborted already', async () => {
        const log: string[] = [];
        const store = await scopeOf(new MemoryStoreData());
        const self = {owner: {id: 'x', host: 'h', pid: 1, startedAt: 1}, isGone: () => false};
        await new WorkLease({store, key: 'k', self, log: silentLogger}).run(async () => void log.push('begun'), AbortSignal.abort());
        expect(log).toEqual([]);
    });
});
