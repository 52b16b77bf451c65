import {describe, expect, it} from 'vitest';
import {emit, MemoryEventStore, MemoryEventStoreData, MemoryStoreData, sideEffect, type EffectRun, type Woltage} from 'woltage';
import {eventually} from './support/account.ts';
import {Life, mortalAdapters} from './support/mortal.ts';
import {add, addMany, count, forget, items, Noted, projectorOf, start} from './support/todo.ts';

const retry = {maxAttempts: 3, backoffMs: 5, timeoutMs: 200};
const isActive = (woltage: Woltage) => eventually(() => woltage.getProjection('todo')?.isActive === true);

async function notesIn(events: MemoryEventStoreData): Promise<string[]> {
    const reader = new MemoryEventStore(events);
    await reader.connect();
    const notes: string[] = [];
    for await (const {events: page, caughtUp} of reader.subscribe({filter: {types: ['noted']}})) {
        notes.push(...page.map(({payload}) => (payload as {text: string}).text));
        if (caughtUp)
            break;
    }
    await reader.close();
    return notes;
}

describe('a durable side effect', () => {
    it('runs after the commit with the same idempotency key at every attempt, and doesn\'t hold up the projection', async () => {
        const runs: [string, Omit<EffectRun, 'signal'>][] = [];
        const send = sideEffect(async ({title}: {title: string}, {signal, ...run}) => {
            runs.push([title, run]);
            expect(signal.aborted).toBe(false);
            if (run.attempt < 3)
                throw new Error('Not yet.');
        }, {name: 'send-1', durable: true, retry});
        const woltage = await start(projectorOf(async (todos, event) => {
            await count(todos, event);
            await send({title: event.payload.title});
        }));
        await isActive(woltage);
        const {events, position} = await woltage.executeCommand(addMany, 'a', items(2));
        await woltage.executeQuery('TodoList', 'all', {}, {}, {after: position});
        await eventually(() => runs.length === 6);
        for (const [index, title] of ['t0', 't1'].entries()) {
            const own = runs.filter(([t]) => t === title).map(([, run]) => run);
            expect(own.map(({attempt}) => attempt)).toEqual([1, 2, 3]);
            expect(new Set(own.map(({idempotencyKey}) => idempotencyKey)).size).toBe(1);
            expect(own[0]?.cause).toEqual({id: events[index]?.id, correlationId: events[index]?.correlationId});
        }
        expect(await woltage.getFailedEffects()).toEqual([]);
    });

    it('is put to the dead letters in the end, tells so by an event, and can be retried and discarded', async () => {
        const store = new MemoryEventStoreData();
        let isDown = true;
        const done: string[] = [];
        const send = sideEffect(({title}: {title: string}) => {
            if (isDown)
                throw Object.assign(new Error('The mail server is down.'), {code: 'ECONNREFUSED'});
            done.push(title);
        }, {
            name: 'send-2', durable: true, retry,
            onFinalFailure: ({payload, error, attempts}) => ({
                aggregateName: 'todo', events: new Noted({aggregateId: 'failures', payload: {text: `${payload.title}: ${error.message} (${attempts})`}})
            })
        });
        const woltage = await start(projectorOf((_todos, event) => send({title: event.payload.title})), {}, store);
        await isActive(woltage);
        await woltage.executeCommand(addMany, 'a', items(2));
        await eventually(async () => (await woltage.getFailedEffects()).length === 2);
        const [first, second] = await woltage.getFailedEffects();
        expect(first).toMatchObject({name: 'send-2', projection: 'todo', attempts: 3, error: {message: 'The mail server is down.', code: 'ECONNREFUSED'}});
        expect((await notesIn(store)).sort()).toEqual(['t0: The mail server is down. (3)', 't1: The mail server is down. (3)']);
        isDown = false;
        await woltage.retryFailedEffect(first?.id as string);
        await eventually(() => done.length === 1);
        expect(done).toEqual([(first?.payload as {title: string}).title]);
        await woltage.discardFailedEffect(second?.id as string);
        expect(await woltage.getFailedEffects()).toEqual([]);
        await expect(woltage.retryFailedEffect('nope')).rejects.toMatchObject({code: 'UNKNOWN_TASK'});
    });

    it('that takes too long counts as failed, and emits once whatever is repeated', async () => {
        const events = new MemoryEventStoreData();
        let attempts = 0;
        const send = sideEffect(async ({title}: {title: string}) => {
            attempts++;
            await emit('todo', new Noted({aggregateId: 'n', payload: {text: title}}));
            if (attempts === 1)
                await new Promise(() => undefined);
        }, {name: 'send-3', durable: true, retry: {...retry, timeoutMs: 20}});
        const woltage = await start(projectorOf((_todos, event) => send({title: event.payload.title})), {}, events);
        await isActive(woltage);
        await woltage.executeCommand(add, 'a', {title: 'x', rank: 1});
        await eventually(() => attempts === 2);
        await new Promise(resolve => setTimeout(resolve, 20));
        expect(await notesIn(events)).toEqual(['x']);
    });

    it('is never lost by a crash, and never due for history or an inactive version', async () => {
        const events = new MemoryEventStoreData();
        const rows = new MemoryStoreData();
        const runs: string[] = [];
        const projectorFor = (life: Life) => {
            const send = sideEffect(async (id: string) => {
                await life.beat();
                runs.push(id);
            }, {name: 'send-4', durable: true, retry});
            return projectorOf((_todos, event) => send(event.id));
        };
        const sent: string[] = [];
        for (let round = 0; round < 15; round++) {
            const life = new Life();
            const projector = projectorFor(life);
            const woltage = await start(projector, {...mortalAdapters(life, events, rows), projectionTuning: {leaseMs: 40, retryMs: 1}}, events, rows);
            if (round === 0) {
                await isActive(woltage);
            } else {
                // The one before is taken for dead after a lease.
                await eventually(() => woltage.getProjection('todo')?.state === 'live');
            }
            const commands = Array.from({length: 20}, async (_, i) => {
                const {events: [event]} = await woltage.executeCommand(add, `${round}-${i}`, {title: 'x', rank: 1});
                sent.push(event?.id as string);
            });
            await Promise.race([Promise.all(commands), new Promise(resolve => setTimeout(resolve, Math.random() * 8))]);
            await new Promise(resolve => setTimeout(resolve, Math.random() * 4));
            life.isOver = true;
            forget(woltage);
        }
        const life = new Life();
        const woltage = await start(projectorFor(life), {projectionTuning: {leaseMs: 40, retryMs: 1}}, events, rows);
        await eventually(() => sent.every(id => runs.includes(id)), 45_000);
        // A second version replays all of it, and has none.
        const before = runs.length;
        await woltage.stop();
        const again = await start(projectorOf((_todos, {id}) => sideEffect((text: string) => runs.push(text), {name: 'send-5', durable: true})(id), 2),
            {projections: [], autostart: false}, events, rows);
        await again.start();
        await again.addProjection('todo', 2, 'TodoProjector', 2, 'main');
        await again.getProjection('todo', 2)?.untilLive();
        await new Promise(resolve => setTimeout(resolve, 50));
        expect(runs.length).toBe(before);
    }, 60_000);

    it('outlives the projection that asked for it', async () => {
        const runs: string[] = [];
        const send = sideEffect(async (title: string) => {
            await new Promise(resolve => setTimeout(resolve, 20));
            runs.push(title);
        }, {name: 'send-6', durable: true, retry});
        const woltage = await start(projectorOf((_todos, event) => send(event.payload.title)));
        await isActive(woltage);
        const {position} = await woltage.executeCommand(addMany, 'a', items(50));
        await woltage.executeQuery('TodoList', 'all', {}, {}, {after: position});
        await woltage.removeProjection('todo', 1, {force: true, deleteData: true});
        await eventually(() => runs.length === 50);
        expect(new Set(runs).size).toBe(50);
    });

    it('is checked where it is defined and where it is called', async () => {
        const options = {name: 'send-7', durable: true} as const;
        sideEffect((_x: string) => undefined, options);
        expect(() => sideEffect((x: string) => x.length, options)).toThrow(/Two durable side effects/);
        expect(() => sideEffect(() => undefined, {name: '', durable: true})).toThrow(/must have a `name`/);
        expect(() => sideEffect(() => undefined, {name: 'send-8', durable: true, retry: {maxAttempts: 0}})).toThrow(/maxAttempts/);
        await expect(sideEffect((_x: string) => undefined, options)('x')).rejects.toMatchObject({code: 'OUTSIDE_CONTEXT'});
    });
});
