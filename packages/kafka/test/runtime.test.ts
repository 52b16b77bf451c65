import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import createWoltage, {Aggregate, Event, MemoryStore, Projector, ReadModel, z, type Woltage} from 'woltage';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import {ComposedEventStore, KafkaEventSource} from '../src/index.ts';
import {quick} from './support/kafka.ts';

const OUTAGE_MS = Number(process.env['WOLTAGE_OUTAGE_MS'] ?? 1500);

const schema = z.object({amount: z.bigint()});

class Deposited extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const account = Aggregate.create('account', {$init: () => ({})});
const deposit = account.registerCommand(schema, function deposit(_state, payload) {
    return new Deposited({payload});
});

const tables = {balances: {key: z.object({id: z.string()}), schema: z.object({amount: z.bigint(), deposits: z.number()})}};

class BalanceProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Deposited.identity](event: Deposited) {
        const {balances} = this.store.tables;
        const row = await balances.get({id: event.aggregateId}) ?? {id: event.aggregateId, amount: 0n, deposits: 0};
        await balances.set({...row, deposits: row.deposits + 1, amount: row.amount + event.payload.amount});
    }
}

class BalanceProjector2 extends BalanceProjector {
    static override version = 2;
}

class Balances extends ReadModel<BalanceProjector> {
    projectionName = 'balance';

    of(id: string) {
        return this.store.tables.balances.get({id});
    }

    async sum(_accounts: 'all') {
        return (await this.store.tables.balances.find({})).reduce((sum, {amount}) => sum + amount, 0n);
    }
}

describe('Two services, and Kafka between them', () => {
    let server: KafkaServer;
    let folder: string;
    const running: Woltage[] = [];

    beforeEach(async () => {
        server = await KafkaServer.start({partitions: 3});
        folder = await mkdtemp(join(tmpdir(), 'woltage-kafka-'));
    });
    afterEach(async () => {
        await Promise.all(running.splice(0).map(woltage => woltage.stop()));
        await server.close();
        await rm(folder, {recursive: true});
    });

    const started = async (woltage: Promise<Woltage>): Promise<Woltage> => {
        running.push(await woltage);
        return woltage;
    };

    /** The service that has the log. */
    const startShop = (): Promise<Woltage> => {
        const log = {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db'), pollIntervalMs: 5}]};
        const bus = {brokers: [server.address], clientId: 'shop', topic: 'shop.events', ...quick};
        return started(createWoltage({
            eventStore: {adapter: ComposedEventStore, args: [{log, bus}]},
            internalStore: {adapter: MemoryStore}, eventClasses: [Deposited], aggregates: [account], projectorClasses: [], readModelClasses: []
        }));
    };

    /** The other service: it knows the events, and the topic. */
    const startReports = (from: 'start' | 'now' = 'start'): Promise<Woltage> => {
        const store = {adapter: SQLiteStore, args: [{path: join(folder, 'reports.db')}]};
        const source = {brokers: [server.address], clientId: 'reports', topic: 'shop.events', from, ...quick};
        return started(createWoltage({
            eventStore: {adapter: KafkaEventSource, args: [source]},
            internalStore: store, stores: {main: store},
            eventClasses: [Deposited], aggregates: [], projectorClasses: [BalanceProjector, BalanceProjector2], readModelClasses: [Balances]
        }));
    };

    const addVersion = async (reports: Woltage, version: number): Promise<void> => {
        await reports.addProjection('balance', version, version === 1 ? 'BalanceProjector' : 'BalanceProjector2', version, 'main');
        await reports.getProjection('balance', version)?.untilLive();
        await reports.setProjectionActive('balance', version);
    };

    it('read models of one see what the other has decided: its history, its commands by their positions, also in a new version', async () => {
        const shop = await startShop();
        for (let n = 0; n < 200; n++)
            await shop.executeCommand(deposit, `a${n % 10}`, {amount: 1n});
        const {position: before} = await shop.executeCommand(deposit, 'a0', {amount: 1n});
        const reports = await startReports();
        await addVersion(reports, 1);
        expect(await reports.executeQuery(Balances, 'of', 'a0', {}, {after: before})).toEqual({id: 'a0', amount: 21n, deposits: 21});
        for (let n = 0; n < 20; n++) {
            const {position} = await shop.executeCommand(deposit, 'a1', {amount: 10n});
            expect(await reports.executeQuery(Balances, 'of', 'a1', {}, {after: position})).toEqual({id: 'a1', amount: 30n + BigInt(n) * 10n, deposits: 21 + n});
        }
        await addVersion(reports, 2);
        expect(await reports.executeQuery(Balances, 'sum', 'all')).toBe(401n);
        const {position} = await shop.executeCommand(deposit, 'a2', {amount: 1000n});
        expect(await reports.executeQuery(Balances, 'sum', 'all', {}, {after: position})).toBe(1401n);
    }, 60_000);

    it('goes on where it was after a restart, and over an outage of Kafka', async () => {
        const shop = await startShop();
        const reports = await startReports();
        await addVersion(reports, 1);
        await shop.executeCommand(deposit, 'a', {amount: 1n});
        await reports.stop();
        running.splice(running.indexOf(reports), 1);
        await shop.executeCommand(deposit, 'a', {amount: 2n});
        const again = await startReports();
        await again.getProjection('balance', 1)?.untilLive();
        await vi.waitFor(async () => expect(await again.executeQuery(Balances, 'of', 'a')).toEqual({id: 'a', amount: 3n, deposits: 2}), {timeout: 10_000});
        await server.stop();
        for (let n = 0; n < 50; n++)
            await shop.executeCommand(deposit, 'a', {amount: 1n});
        await new Promise(resolve => setTimeout(resolve, OUTAGE_MS));
        expect(await again.executeQuery(Balances, 'of', 'a')).toEqual({id: 'a', amount: 3n, deposits: 2});
        await server.start();
        const {position} = await shop.executeCommand(deposit, 'a', {amount: 1n});
        expect(await again.executeQuery(Balances, 'of', 'a', {}, {after: position, timeoutMs: 15_000})).toEqual({id: 'a', amount: 54n, deposits: 53});
    }, 60_000 + OUTAGE_MS);

    it('from now: what came before is left out for good; what came before the first event was handled is not, whatever happens to the process', async () => {
        const shop = await startShop();
        await shop.executeCommand(deposit, 'a', {amount: 100n});
        await vi.waitFor(() => expect(server.messages('shop.events').some(({headers}) => headers['ce_type'] === 'deposited')).toBe(true));
        const first = await startReports('now');
        await first.stop();
        running.splice(running.indexOf(first), 1);
        const {position} = await shop.executeCommand(deposit, 'a', {amount: 1n});
        const reports = await startReports('now');
        await addVersion(reports, 1);
        expect(await reports.executeQuery(Balances, 'of', 'a', {}, {after: position})).toEqual({id: 'a', amount: 1n, deposits: 1});
        // A version that is added later has the same history.
        await addVersion(reports, 2);
        expect(await reports.executeQuery(Balances, 'of', 'a')).toEqual({id: 'a', amount: 1n, deposits: 1});
    }, 30_000);
});
