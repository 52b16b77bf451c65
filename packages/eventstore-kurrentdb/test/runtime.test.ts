import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import createWoltage, {Aggregate, Event, MemoryStore, MemoryStoreData, Projector, ReadModel, sideEffect, z, type Woltage} from 'woltage';
import type {TestServer} from '../../../test/servers/server.ts';
import {KurrentDBEventStore} from '../src/index.ts';
import {ownPrefix, startKurrentDB, whereStarted} from './support/kurrentdb.ts';

const OUTAGE_MS = Number(process.env['WOLTAGE_OUTAGE_MS'] ?? 1500);
const ACCOUNTS = 20;

const schema = z.object({amount: z.bigint(), at: z.date()});

class Moved extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

class MovedOften extends Event<typeof schema> {
    static type = 'moved.often';
    static schema = schema;
    static version = 1;
}

const account = Aggregate.create('bank-account', {$init: () => ({moves: 0})}).on(Moved, state => ({moves: state.moves + 1}));
const move = account.registerCommand(schema, function move(state, payload) {
    return state.moves % 10 === 9 ? [new Moved({payload}), new MovedOften({payload})] : new Moved({payload});
});

const effects: string[] = [];
const note = sideEffect((id: string) => void effects.push(id));
const tables = {accounts: {key: z.object({id: z.string()}), schema: z.object({moves: z.number(), balance: z.bigint(), last: z.date()})}};

class AccountProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Moved.identity](event: Moved) {
        const {accounts} = this.store.tables;
        const row = await accounts.get({id: event.aggregateId}) ?? {id: event.aggregateId, moves: 0, balance: 0n};
        await accounts.set({...row, moves: row.moves + 1, balance: row.balance + event.payload.amount, last: event.payload.at});
        await note(event.id);
    }
}

class Accounts extends ReadModel<AccountProjector> {
    projectionName = 'account';

    all(_query: object) {
        return this.store.tables.accounts.find({}, {sort: {id: 'asc'}});
    }
}

let server: TestServer;
beforeAll(async () => {
    server = await startKurrentDB();
}, 120_000);
afterAll(() => server.stop());

const data = new MemoryStoreData();
const streamPrefix = ownPrefix();
const start = (): Promise<Woltage> => {
    const store = {adapter: MemoryStore, args: [data]};
    return createWoltage({
        eventStore: {adapter: KurrentDBEventStore, args: [{connectionString: server.url, streamPrefix, timeoutMs: 20_000 + OUTAGE_MS}]}, internalStore: store, stores: {main: store},
        eventClasses: [Moved, MovedOften], aggregates: [account], projectorClasses: [AccountProjector], readModelClasses: [Accounts]
    });
};

async function outage(): Promise<void> {
    await server.kill();
    await new Promise(resolve => setTimeout(resolve, OUTAGE_MS));
    await server.start();
}

describe(`A runtime whose events are in KurrentDB (${whereStarted})`, () => {
    it('reads its own writes, gets over the loss of the server in live traffic and in a replay, and over a restart', async () => {
        const sent: bigint[] = [];
        const at = new Date(1_700_000_000_000);
        const send = async (woltage: Woltage, count: number) => {
            let last: {readonly position: bigint} | undefined;
            for (let i = 0; i < count; i++) {
                const amount = BigInt(sent.length);
                last = await woltage.executeCommand(move, String(sent.length % ACCOUNTS), {amount, at});
                sent.push(amount);
            }
            return last;
        };
        const expected = () => Array.from({length: ACCOUNTS}, (_, id) => {
            const amounts = sent.filter(n => Number(n) % ACCOUNTS === id);
            return {id: String(id), moves: amounts.length, balance: amounts.reduce((sum, n) => sum + n, 0n), last: at};
        }).sort((a, b) => a.id < b.id ? -1 : 1);

        const woltage = await start();
        await woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
        await woltage.getProjection('account', 1)?.untilLive();
        await woltage.setProjectionActive('account', 1);
        let last = await send(woltage, 300);
        expect(await woltage.executeQuery(Accounts, 'all', {}, {}, {after: last?.position})).toEqual(expected());

        const live = send(woltage, 600);
        await vi.waitFor(() => expect(sent.length).toBeGreaterThan(400), {interval: 1, timeout: 10_000});
        await outage();
        last = await live;
        expect(await woltage.executeQuery(Accounts, 'all', {}, {}, {after: last?.position})).toEqual(expected());
        await vi.waitFor(() => expect(new Set(effects).size).toBe(sent.length), {timeout: 10_000});
        await woltage.stop();

        const again = await start();
        await again.addProjection('account', 2, 'AccountProjector', 1, 'main');
        await outage();
        await again.getProjection('account', 2)?.untilLive();
        await again.setProjectionActive('account', 2);
        last = await send(again, 20);
        expect(await again.executeQuery(Accounts, 'all', {}, {}, {after: last?.position})).toEqual(expected());
        await again.stop();
    }, 120_000 + 3 * OUTAGE_MS);
});
