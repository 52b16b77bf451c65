import createWoltage, {Aggregate, defineEvent, MemoryEventStore, MemoryStore, NotFoundError, Projector, sideEffect, z, type Woltage} from 'woltage';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {problemOf, serveRouter} from '../test/support/serve.ts';

const none = z.object({});
const Noted = defineEvent('Noted', {schema: none});
const note = Aggregate.create('note', {$init: () => ({})});
const take = note.registerCommand(none, () => new Noted({payload: {}}), 'take');
let isBroken = true;
const close = note.registerCommand(none, () => {
    if (isBroken)
        throw new NotFoundError('There is no such note.', {code: 'NO_NOTE'});
    return new Noted({payload: {}});
}, 'close');

const mail = sideEffect(async (_payload: object) => {
    if (isBroken)
        throw new Error('No mail today');
}, {name: 'mail', durable: true, retry: {maxAttempts: 1}});
const tables = {notes: {key: z.object({id: z.string()})}};

class NoteProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Noted.identity]() {
        await mail({});
    }
}

let woltage: Woltage;
beforeEach(async () => {
    isBroken = true;
    const store = {adapter: MemoryStore};
    woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore}, internalStore: store, stores: {main: store}, eventClasses: [Noted], aggregates: [note], projectorClasses: [NoteProjector], readModelClasses: []
    });
});
afterEach(() => woltage.stop());

describe('what has failed, or waits', () => {
    it('of scheduled commands is listed, cancelled, retried and discarded', async () => {
        const {get, post, delete: remove} = await serveRouter(woltage, {admin: () => true});
        const later = await woltage.scheduleCommand(new Date(Date.now() + 3_600_000), take, 'n', {});
        expect(await (await get('/scheduled-commands?limit=10')).json()).toMatchObject([{id: later, aggregate: 'note', aggregateId: 'n', command: 'take', attempts: 0}]);
        expect((await remove(`/scheduled-commands/${later}`)).status).toBe(204);
        expect(await problemOf(await remove(`/scheduled-commands/${later}`))).toMatchObject({status: 404, code: 'UNKNOWN_TASK'});
        expect(await problemOf(await get('/scheduled-commands?limit=0'))).toMatchObject({status: 400, code: 'VALIDATION_FAILED'});
        expect(await (await get('/failed-commands')).json()).toEqual([]);
        expect(await problemOf(await post('/failed-commands/x/retry'))).toMatchObject({status: 404, code: 'UNKNOWN_TASK'});
        expect(await problemOf(await remove('/failed-commands/x'))).toMatchObject({status: 404, code: 'UNKNOWN_TASK'});
    });

    it('of scheduled commands that were refused is listed with why', async () => {
        const {get, post, delete: remove} = await serveRouter(woltage, {admin: () => true});
        const list = async (): Promise<unknown[]> => await (await get('/failed-commands')).json() as unknown[];
        for (const id of ['first', 'second'])
            await woltage.scheduleCommand(new Date(), close, 'n', {}, {}, {id});
        await vi.waitFor(async () => expect(await list()).toMatchObject([{id: 'first', command: 'close', error: {code: 'NO_NOTE'}}, {id: 'second'}]));
        isBroken = false;
        expect((await post('/failed-commands/first/retry')).status).toBe(204);
        expect((await remove('/failed-commands/second')).status).toBe(204);
        expect(await list()).toEqual([]);
        await vi.waitFor(async () => expect(await (await get('/scheduled-commands')).json()).toEqual([]));
    });

    it('of durable effects is listed, retried and discarded', async () => {
        await woltage.addProjection('notes', 1, 'NoteProjector', 1, 'main');
        await woltage.getProjection('notes', 1)?.untilLive();
        await woltage.setProjectionActive('notes', 1);
        const {get, post, delete: remove} = await serveRouter(woltage, {admin: () => true});
        const list = async (): Promise<{id: string}[]> => await (await get('/failed-effects')).json() as {id: string}[];
        for (const id of ['a', 'b'])
            await woltage.executeCommand(take, id, {});
        await vi.waitFor(async () => expect(await list()).toMatchObject([{name: 'mail', error: {message: 'No mail today'}}, {name: 'mail'}]));
        const [first, second] = await list();
        isBroken = false;
        expect((await post(`/failed-effects/${encodeURIComponent(first?.id ?? '')}/retry`)).status).toBe(204);
        expect((await remove(`/failed-effects/${encodeURIComponent(second?.id ?? '')}`)).status).toBe(204);
        expect(await list()).toEqual([]);
    });

    it.each(['/failed-commands', '/failed-effects', '/scheduled-commands'])('%s is for administrators', async path => {
        const closed = await serveRouter(woltage, {admin: () => false});
        expect(await problemOf(await closed.get(path))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        expect(await problemOf(await closed.delete(`${path}/x`))).toMatchObject({status: 403, code: 'FORBIDDEN'});
        expect((await (await serveRouter(woltage)).get(path)).status).toBe(404);
    });
});
