import {describe, expect, it} from 'vitest';
import {HandlerFailure, MemoryEventStore, MemoryEventStoreData, MemoryStoreData, sideEffect, type Logger, type Woltage} from 'woltage';
import {eventually} from './support/account.ts';
import {add, addMany, count, items, projectorOf, start, TodoList, type Added, type Todos} from './support/todo.ts';

/** A projector that counts, and whose handler fails for titles in `poison` as long as they are in there. */
function poisonable(poison: Set<string>, policy: 'stop' | 'dead-letter', before: (event: Added) => unknown = () => undefined) {
    const projector = projectorOf(async (todos: Todos, event) => {
        await count(todos, event);
        await before(event);
        if (poison.has(event.payload.title))
            throw new Error(`${event.payload.title} is poison`);
    });
    return Object.assign(projector, {faultPolicy: policy});
}

const seen = async (woltage: Woltage) =>
    Object.fromEntries((await woltage.executeQuery(TodoList, 'all', {})).map(({id, seen: n}) => [id, n]));
const tuning = {projectionTuning: {retryMs: 1, maxAttempts: 2}};
const state = (woltage: Woltage) => woltage.getProjection('todo', 1)?.state;

describe('a faulted projection', () => {
    it('tells the event, the error and the position, and goes on behind the event when it is skipped', async () => {
        const woltage = await start(poisonable(new Set(['t2']), 'stop'), tuning);
        const {events} = await woltage.executeCommand(addMany, 'a', items(5));
        await eventually(() => state(woltage) === 'faulted');
        const {error} = woltage.getProjection('todo') ?? {};
        expect(error).toBeInstanceOf(HandlerFailure);
        expect(error).toMatchObject({code: 'HANDLER_FAILED', reason: 't2 is poison', eventId: events[2]?.id, eventType: 'added@1', position: 2n, aggregateId: 'a'});
        await expect(woltage.skipEvent('todo', 1, 'another')).rejects.toMatchObject({code: 'PROJECTION_NOT_FAULTED'});
        await woltage.skipEvent('todo', 1, events[2]?.id);
        await eventually(() => state(woltage) === 'live');
        expect(await seen(woltage)).toEqual({a: 4});
        await expect(woltage.skipEvent('todo', 1)).rejects.toMatchObject({code: 'PROJECTION_NOT_FAULTED'});
    });

    it('is seen by every instance, not tried again by those that were there, and mended from any of them', async () => {
        const events = new MemoryEventStoreData();
        const rows = new MemoryStoreData();
        const poison = new Set(['t2']);
        let attempts = 0;
        const projector = poisonable(poison, 'stop', ({payload}) => payload.title === 't2' && attempts++);
        const one = await start(projector, tuning, events, rows);
        const two = await start(projector, tuning, events, rows);
        await one.executeCommand(addMany, 'a', items(5));
        await eventually(() => state(one) === 'faulted' && state(two) === 'faulted');
        await new Promise(resolve => setTimeout(resolve, 600));
        expect(attempts).toBe(2);
        expect(two.getProjection('todo')?.error).toMatchObject({reason: 't2 is poison', position: 2n});
        poison.clear();
        await two.retryProjection('todo', 1);
        await eventually(() => one.getProjection('todo')?.isLiveTracking === true && two.getProjection('todo')?.isLiveTracking === true);
        expect(await seen(one)).toEqual({a: 5});
    });

    it('is tried again by an instance that starts anew: its code may be mended', async () => {
        const events = new MemoryEventStoreData();
        const rows = new MemoryStoreData();
        const one = await start(poisonable(new Set(['t2']), 'stop'), tuning, events, rows);
        await one.executeCommand(addMany, 'a', items(5));
        await eventually(() => state(one) === 'faulted');
        const two = await start(poisonable(new Set(), 'stop'), tuning, events, rows);
        await eventually(() => state(two) === 'live');
        expect(await seen(one)).toEqual({a: 5});
    });
});

describe('dead letters', () => {
    it('are sequenced: later events of the aggregate wait, others go on', async () => {
        const poison = new Set(['t1']);
        const woltage = await start(poisonable(poison, 'dead-letter'), tuning);
        const {events} = await woltage.executeCommand(addMany, 'a', items(4));
        const {position} = await woltage.executeCommand(addMany, 'b', items(1));
        await woltage.executeQuery(TodoList, 'all', {}, {}, {after: position});
        expect(await seen(woltage)).toEqual({a: 1, b: 1});
        const letters = await woltage.getDeadLetters('todo', 1);
        expect(letters).toMatchObject([
            {eventId: events[1]?.id, eventType: 'added@1', aggregateId: 'a', revision: 1n, position: 1n, attempts: 2, error: {message: 't1 is poison'}},
            {eventId: events[2]?.id, error: null, attempts: 0}, {eventId: events[3]?.id, error: null}
        ]);
        const id = events[1]?.id as string;
        expect(await woltage.retryDeadLetter('todo', 1, id)).toEqual({handled: 0, left: 3});
        expect((await woltage.getDeadLetters('todo', 1))[0]).toMatchObject({attempts: 3});
        poison.clear();
        expect(await woltage.retryDeadLetter('todo', 1, id)).toEqual({handled: 3, left: 0});
        expect(await seen(woltage)).toEqual({a: 4, b: 1});
        const last = await woltage.executeCommand(add, 'a', {title: 'last', rank: 9});
        await woltage.executeQuery(TodoList, 'all', {}, {}, {after: last.position});
        expect(await seen(woltage)).toEqual({a: 5, b: 1});
        await expect(woltage.retryDeadLetter('todo', 1, id)).rejects.toMatchObject({code: 'UNKNOWN_DEAD_LETTER'});
    });

    it('can be discarded, after which those behind are handled; they survive restarts and serve requests of other instances', async () => {
        const events = new MemoryEventStoreData();
        const rows = new MemoryStoreData();
        const poison = new Set(['t1', 't3']);
        const one = await start(poisonable(poison, 'dead-letter'), tuning, events, rows);
        const {events: recorded, position} = await one.executeCommand(addMany, 'a', items(5));
        await one.executeQuery(TodoList, 'all', {}, {}, {after: position});
        await one.stop();
        const two = await start(poisonable(poison, 'dead-letter'), tuning, events, rows);
        const three = await start(poisonable(poison, 'dead-letter'), tuning, events, rows);
        // What comes after the restart waits too.
        const {position: later} = await two.executeCommand(add, 'a', {title: 'later', rank: 9});
        await two.executeQuery(TodoList, 'all', {}, {}, {after: later});
        expect((await three.getDeadLetters('todo', 1)).map(({revision}) => revision)).toEqual([1n, 2n, 3n, 4n, 5n]);
        expect(state(three)).toBe('standby');
        expect(await three.discardDeadLetter('todo', 1, recorded[1]?.id as string)).toEqual({handled: 1, left: 3});
        expect(await seen(two)).toEqual({a: 2});
        poison.clear();
        expect(await three.retryDeadLetter('todo', 1, recorded[3]?.id as string)).toEqual({handled: 3, left: 0});
        expect(await seen(three)).toEqual({a: 5});
        await expect(three.discardDeadLetter('todo', 1, 'nope')).rejects.toMatchObject({code: 'UNKNOWN_DEAD_LETTER'});
    });

    it('run the effects that were due when the event was put aside, each once', async () => {
        const effects: string[] = [];
        const note = sideEffect((text: string) => effects.push(text));
        const poison = new Set<string>();
        const projector = poisonable(poison, 'dead-letter', async ({payload}) => {
            await note(`${payload.title} before`);
            if (!poison.has(payload.title))
                await note(`${payload.title} after`);
        });
        const woltage = await start(projector, tuning);
        await woltage.executeCommand(addMany, 'history', items(1));
        await eventually(() => effects.length === 2);
        poison.add('t1');
        const {position, events} = await woltage.executeCommand(addMany, 'a', items(3));
        await woltage.executeQuery(TodoList, 'all', {}, {}, {after: position});
        expect(effects.slice(2)).toEqual(['t0 before', 't0 after', 't1 before']);
        poison.clear();
        await woltage.retryDeadLetter('todo', 1, events[1]?.id as string);
        expect(effects.slice(5)).toEqual(['t1 after', 't2 before', 't2 after']);
    });

    it('take an event that can\'t be read', async () => {
        const events = new MemoryEventStoreData();
        const woltage = await start(poisonable(new Set(), 'dead-letter'), {...tuning}, events);
        const other = new MemoryEventStore(events);
        await other.connect();
        await other.append('todo', 'x', [{id: '0199c0de-0000-7000-8000-000000000001', type: 'added', version: 7, timestamp: 0, payload: {}, meta: {}, correlationId: 'c', causationId: null, tags: []}]);
        const {position} = await woltage.executeCommand(add, 'b', {title: 'b', rank: 0});
        await woltage.executeQuery(TodoList, 'all', {}, {}, {after: position});
        expect(await woltage.getDeadLetters('todo', 1)).toMatchObject([{eventType: 'added@7', error: {code: 'EVENT_VERSION_UNREACHABLE'}}]);
    });
});

describe('what user code leaves to itself', () => {
    it('is reported, and ends neither the projection nor the process', async () => {
        const reported: unknown[] = [];
        const error = (details: object) => reported.push((details as {err: Error}).err.message);
        const logger: Logger = {debug: () => undefined, info: () => undefined, warn: () => undefined, error};
        const leave = (text: string): void => {
            // eslint-disable-next-line @typescript-eslint/no-floating-promises
            (async () => {
                await new Promise(resolve => setTimeout(resolve, 1));
                throw new Error(text);
            })();
        };
        const inEffect = sideEffect(() => leave('effect'));
        const strangers: unknown[] = [];
        const others = process.listeners('unhandledRejection');
        process.removeAllListeners('unhandledRejection');
        const woltage = await start(projectorOf(async (todos, event) => {
            leave('handler');
            await count(todos, event);
            await inEffect();
        }), {logger});
        // What the test runner would do with those that are not ours.
        const stranger = (reason: unknown) => strangers.push(reason);
        process.on('unhandledRejection', stranger);
        try {
            await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
            await eventually(() => reported.length === 2);
            expect(reported.sort()).toEqual(['effect', 'handler']);
            expect(state(woltage)).toBe('live');
        } finally {
            process.off('unhandledRejection', stranger);
            await woltage.stop();
            expect(process.listenerCount('unhandledRejection')).toBe(0);
            for (const listener of others)
                process.on('unhandledRejection', listener);
        }
        expect(strangers).toHaveLength(2);
    });
});
