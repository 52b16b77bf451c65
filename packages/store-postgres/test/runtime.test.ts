import {randomBytes} from 'node:crypto';
import {PostgresEventStore} from '@woltage/eventstore-postgres';
import {afterAll, beforeAll, expect, it, vi} from 'vitest';
import createWoltage, {Aggregate, Event, Projector, ReadModel, sideEffect, z, type Woltage} from 'woltage';
import {describeWith, findServer, startServer} from '../../../test/servers/find-server.ts';
import {postgres} from '../../../test/servers/postgres.ts';
import type {TestServer} from '../../../test/servers/server.ts';
import {PostgresStore} from '../src/index.ts';

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

    declare readonly store: PostgresStore<typeof tables>;

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

    total(_query: object): Promise<bigint> {
        return this.store.native(async ({client, table}) => {
            const {rows} = await client.query<{total: string}>(`SELECT sum(balance) AS total FROM ${table('accounts')}`);
            return BigInt(rows[0]?.total ?? 0);
        });
    }
}

const found = await findServer(postgres, 'a runtime on PostgreSQL');
let server: TestServer;

const databaseSchema = `runtime_${randomBytes(6).toString('hex')}`;
const start = (): Promise<Woltage> => {
    const options = {connectionString: server.url, schema: databaseSchema, timeoutMs: 2000};
    const store = {adapter: PostgresStore, args: [options]};
    return createWoltage({
        eventStore: {adapter: PostgresEventStore, args: [{...options, timeoutMs: OUTAGE_MS + 20_000}]}, internalStore: store, stores: {main: store},
        eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector], readModelClasses: [Accounts]
    });
};

async function outage(): Promise<void> {
    await server.kill();
    await new Promise(resolve => setTimeout(resolve, OUTAGE_MS));
    await server.start();
}

describeWith(found, 'A runtime whose events and stores are in PostgreSQL', () => {
    beforeAll(async () => {
        server = await startServer(postgres);
    });
    afterAll(() => server.stop());

    it('gets over the loss of the server in a replay, in live traffic and in the middle of commands, and over a restart', async () => {
        let sent = 0;
        const send = (woltage: Woltage, count: number): Promise<unknown> => {
            const end = sent + count;
            return Promise.all(Array.from({length: ACCOUNTS}, async (_, id) => {
                while (sent < end) {
                    const amount = BigInt(++sent);
                    await woltage.executeCommand(move, String(id), {amount});
                }
            }));
        };
        const settled = (woltage: Woltage) => vi.waitFor(async () => {
            expect(await woltage.executeQuery(Accounts, 'total', {})).toBe(BigInt(sent) * BigInt(sent + 1) / 2n);
            const richest = await woltage.executeQuery(Accounts, 'richest', ACCOUNTS);
            expect(richest.reduce((sum, {moves}) => sum + moves, 0)).toBe(sent);
            expect(richest.map(({balance}) => balance)).toEqual(richest.map(({balance}) => balance).sort((a, b) => a < b ? 1 : -1));
        }, {timeout: 20_000 + OUTAGE_MS, interval: 100});

        const woltage = await start();
        await send(woltage, 20_000);
        await woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
        await vi.waitFor(() => expect(woltage.getProjection('account', 1)?.progress.processed).toBeGreaterThan(0), {interval: 1});
        await outage();
        await woltage.getProjection('account', 1)?.untilLive();
        await woltage.setProjectionActive('account', 1);
        await settled(woltage);

        const before = sent;
        const live = send(woltage, 4000);
        await vi.waitFor(() => expect(sent).toBeGreaterThan(before + 500), {interval: 1});
        await outage();
        await live;
        await settled(woltage);
        await woltage.stop();

        const again = await start();
        await again.getProjection('account', 1)?.untilLive();
        await send(again, 100);
        await settled(again);
        await vi.waitFor(() => expect(new Set(effects).size).toBeGreaterThanOrEqual(4100), {timeout: 10_000});
        await again.stop();
    }, 90_000 + 3 * OUTAGE_MS);
});
