/**
 * The process that gets killed: works through commands with 64 in flight, replays a new version of a projection and switches to
 * it, and tells on stdout what was acknowledged. With `verify` as its second argument it lets everything come to rest instead,
 * and prints what it finds.
 */
import {appendFileSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import createWoltage, {Aggregate, Event, Projector, ReadModel, sideEffect, z, type IEventStore} from 'woltage';

const [folder = '', mode = 'work'] = process.argv.slice(2);
const effectsFile = join(folder, 'effects.log');
const COMMANDS = 5000;
const ACCOUNTS = 500;

const schema = z.object({amount: z.number(), token: z.string()});

class Moved extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const account = Aggregate.create('account', {$init: () => ({})});
const move = account.registerCommand(schema, function move(_state, payload) {
    return new Moved({payload});
});

const note = sideEffect((id: string) => appendFileSync(effectsFile, `${id}\n`));
const tables = {accounts: {key: z.object({id: z.string()}), schema: z.object({moves: z.number(), balance: z.number()})}};

class AccountProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Moved.identity](event: Moved) {
        const {accounts} = this.store.tables;
        const row = await accounts.get({id: event.aggregateId}) ?? {id: event.aggregateId, moves: 0, balance: 0};
        await accounts.set({...row, moves: row.moves + 1, balance: row.balance + event.payload.amount});
        await note(event.id);
    }
}

class Accounts extends ReadModel<AccountProjector> {
    projectionName = 'account';

    all() {
        return this.store.tables.accounts.find();
    }
}

const eventStore = {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]};
const store = {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]};
const woltage = await createWoltage({
    eventStore, internalStore: store, stores: {main: store},
    eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector], readModelClasses: [Accounts]
});

if (mode === 'verify')
    await verify();
else
    await work();

async function work(): Promise<void> {
    await Promise.all([switchVersions(), sendCommands()]);
    await woltage.stop();
    process.stdout.write('end\n');
}

/** Adds the next version, activates it when it is live and removes the one before, again and again. */
async function switchVersions(): Promise<void> {
    for (let round = 0; round < 5; round++) {
        const active = woltage.getProjection('account')?.version;
        const versions = Object.values(woltage.getProjections()).map(({version}) => version);
        const next = Math.max(0, ...versions) + 1;
        await woltage.addProjection('account', next, 'AccountProjector', 1, 'main');
        await woltage.getProjection('account', next)?.untilLive();
        await woltage.setProjectionActive('account', next);
        for (const version of versions)
            await woltage.removeProjection('account', version, {deleteData: true});
        process.stdout.write(`switched ${active} ${next}\n`);
    }
}

async function sendCommands(): Promise<void> {
    let sent = 0;
    await Promise.all(Array.from({length: 64}, async (_, worker) => {
        while (sent < COMMANDS) {
            const n = sent++;
            // Each worker has accounts of its own, so that there are no conflicts.
            const id = `${worker}-${n % ACCOUNTS}`;
            const {events} = await woltage.executeCommand(move, id, {amount: n, token: `${process.pid}-${n}`});
            process.stdout.write(`ack ${events[0]?.id}\n`);
        }
    }));
}

async function verify(): Promise<void> {
    await woltage.getProjection('account')?.untilLive();
    const events: {id: string; aggregateId: string; amount: number}[] = [];
    const reader: IEventStore = new SQLiteEventStore({path: join(folder, 'events.db')});
    await reader.connect();
    for await (const batch of reader.subscribe()) {
        for (const {id, aggregateId, payload} of batch.events)
            events.push({id, aggregateId, amount: (payload as {amount: number}).amount});
        if (batch.caughtUp)
            break;
    }
    await reader.close();
    const rows = await woltage.executeQuery(Accounts, 'all', {});
    await woltage.stop();
    process.stdout.write(JSON.stringify({events, rows, effects: readFileSync(effectsFile, 'utf8').split('\n').filter(Boolean)}));
}
