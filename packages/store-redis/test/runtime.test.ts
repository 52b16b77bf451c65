import {afterAll, beforeAll, expect, it, vi} from 'vitest';
import createWoltage, {Aggregate, Event, MemoryEventStore, MemoryEventStoreData, Projector, ReadModel, sideEffect, z, type Woltage} from 'woltage';
import {canStart, describeWith, startServer} from '../../../test/servers/find-server.ts';
import {redis, type RedisServer} from '../../../test/servers/redis.ts';
import {RedisStore} from '../src/index.ts';

const startable = await canStart(redis, 'a runtime on RedisStore');

const OUTAGE_MS = Number(process.env['WOLTAGE_OUTAGE_MS'] ?? 1500);
const ACCOUNTS = 50;

const schema = z.object({amount: z.bigint()});

class Moved extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const account = Aggregate.create('account', {$init: () => ({})});
const move = account.registerCommand(schema, function move(_state, payload) {
    return new Moved({payload});
});

const effects: string[] = [];
const note = sideEffect((id: string) => void effects.push(id));
const tables = {
    accounts: {key: z.object({id: z.string()}), schema: z.object({moves: z.number(), balance: z.bigint()}), indexes: [['balance']]}
};

class AccountProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Moved.identity](event: Moved) {
        const {accounts} = this.store.tables;
        const row = await accounts.get({id: event.aggregateId}) ?? {id: event.aggregateId, moves: 0, balance: 0n};
        await accounts.set({...row, moves: row.moves + 1, balance: row.balance + event.payload.amount});
        await note(event.id);
    }
}

class Accounts extends ReadModel<AccountProjector> {
    projectionName = 'account';

    richest(limit: number) {
        return this.store.tables.accounts.find({}, {sort: {balance: 'desc'}, limit});
    }
}

let server: RedisServer;
beforeAll(async () => {
    server = await startServer(redis);
});
afterAll(() => server.stop());

const data = new MemoryEventStoreData();
const start = (): Promise<Woltage> => {
    const store = {adapter: RedisStore, args: [{url: server.url, timeoutMs: 2000}]};
    return createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [data]}, internalStore: store, stores: {main: store},
        eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector], readModelClasses: [Accounts], projectionTuning: {commitEvents: 1000}
    });
};

async function outage(): Promise<void> {
    await server.kill();
    await new Promise(resolve => setTimeout(resolve, OUTAGE_MS));
    await server.start();
}

describeWith(startable, 'A runtime whose stores are in Redis', () => {
    it('gets over the loss of the server in a replay, in live traffic and between commands, and over a restart', async () => {
        let sent = 0;
        const send = async (woltage: Woltage, count: number): Promise<void> => {
            for (let i = 0; i < count; i++)
                await woltage.executeCommand(move, String(sent % ACCOUNTS), {amount: BigInt(sent++)});
        };
        const expected = () => Array.from({length: ACCOUNTS}, (_, id) => {
            const amounts = Array.from({length: sent}, (__, n) => n).filter(n => n % ACCOUNTS === id);
            return {id: String(id), moves: amounts.length, balance: amounts.reduce((sum, n) => sum + BigInt(n), 0n)};
        }).sort((a, b) => a.balance < b.balance ? 1 : -1);
        const settled = (woltage: Woltage) => vi.waitFor(
            async () => expect(await woltage.executeQuery(Accounts, 'richest', ACCOUNTS)).toEqual(expected()), {timeout: 20_000 + OUTAGE_MS, interval: 100}
        );

        const woltage = await start();
        await send(woltage, 20_000);
        await woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
        await vi.waitFor(() => expect(woltage.getProjection('account', 1)?.progress.processed).toBeGreaterThan(0), {interval: 1});
        await outage();
        expect(woltage.getProjection('account', 1)?.progress.processed).toBeLessThan(20_000);
        await woltage.getProjection('account', 1)?.untilLive();
        await woltage.setProjectionActive('account', 1);
        await settled(woltage);

        const live = send(woltage, 2000);
        await vi.waitFor(() => expect(sent).toBeGreaterThan(20_500), {interval: 1});
        await outage();
        await live;
        await send(woltage, 100);
        await settled(woltage);
        await woltage.stop();

        const again = await start();
        await again.getProjection('account', 1)?.untilLive();
        await send(again, 100);
        await settled(again);
        await vi.waitFor(() => expect(new Set(effects).size).toBeGreaterThanOrEqual(2200), {timeout: 10_000});
        await again.stop();
    }, 60_000 + 3 * OUTAGE_MS);
});
