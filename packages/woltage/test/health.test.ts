import {describe, expect, it} from 'vitest';
import {MemoryEventStore, MemoryStore} from 'woltage';
import {eventually} from './support/account.ts';
import {add, count, projectorOf, start} from './support/todo.ts';

describe('health', () => {
    it('is up, degraded by a projection or a store, and down without the event store', async () => {
        let isPoison = false;
        let isAway = false;
        class EventStore extends MemoryEventStore {
            override async getLatestPosition() {
                if (isAway)
                    throw new Error('Connection refused.');
                return super.getLatestPosition();
            }
        }
        class SlowStore extends MemoryStore {
            override scope(): never {
                return {getRecords: () => new Promise(() => undefined)} as never;
            }
        }
        const main = {adapter: MemoryStore};
        const woltage = await start(projectorOf(async (todos, event) => {
            if (isPoison)
                throw new Error('Poison.');
            await count(todos, event);
        }), {eventStore: {adapter: EventStore}, internalStore: main, stores: {main}, projectionTuning: {maxAttempts: 1}});
        expect(await woltage.health()).toMatchObject({
            status: 'up', isStarted: true, eventStore: {status: 'up'}, stores: {main: {status: 'up'}}, projections: {'todo@1': {state: 'live', isActive: true, lag: '0'}}
        });
        isPoison = true;
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(async () => (await woltage.health()).status === 'degraded');
        isAway = true;
        expect(await woltage.health()).toMatchObject({status: 'down', eventStore: {status: 'down', error: 'Connection refused.'}});
        await woltage.stop();
        expect(await woltage.health()).toMatchObject({status: 'down', isStarted: false});

        const slow = await start(projectorOf(count), {internalStore: main, stores: {main, slow: {adapter: SlowStore}}});
        const began = performance.now();
        expect(await slow.health({timeoutMs: 30})).toMatchObject({status: 'degraded', stores: {slow: {status: 'down', error: 'No answer within 30 ms.'}}});
        expect(performance.now() - began).toBeLessThan(1000);
    });
});
