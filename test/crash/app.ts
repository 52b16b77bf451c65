/**
 * The process that gets killed, stopped and paused: `node app.ts <folder> <adapter> <mode> [name]`.
 *
 * - `work`: works through commands with 64 in flight, replays new versions of a projection and switches to them, then ends
 * - `serve`: sends commands slowly, and does what it is told on stdin (`switch`, `stop`), until it is told to stop
 * - `verify`: lets everything come to rest, and prints what it finds
 *
 * What was acknowledged it tells on stdout.
 */
import {appendFileSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import createWoltage, {Aggregate, emit, Event, isWoltageError, Projector, ReadModel, sideEffect, z, type IEventStore} from 'woltage';
import {adapters} from './adapters.ts';

const [folder = '', adapter = '', mode = '', name = 'one'] = process.argv.slice(2);
const effectsFile = join(folder, 'effects.log');
const COMMANDS = Number(process.env['WOLTAGE_CRASH_COMMANDS'] ?? 3000);
const ACCOUNTS = 500;

const schema = z.object({amount: z.number(), token: z.string()});

class Moved extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const noted = z.object({of: z.string()});

class Noted extends Event<typeof noted> {
    static schema = noted;
    static version = 1;
}

const account = Aggregate.create('account', {$init: () => ({})});
const move = account.registerCommand(schema, function move(_state, payload) {
    return new Moved({payload});
});

const note = sideEffect((id: string) => appendFileSync(effectsFile, `inline ${id} ${process.pid} ${Date.now()}\n`));
const durable = sideEffect((id: string) => appendFileSync(effectsFile, `durable ${id} ${process.pid} ${Date.now()}\n`), {name: 'note', durable: true});
const tables = {
    accounts: {key: z.object({id: z.string()}), schema: z.object({moves: z.number(), balance: z.number()})},
    // A row that moves from key to key: removed here, set there.
    ranks: {key: z.object({moves: z.number(), id: z.string()}), schema: z.object({balance: z.number()}), indexes: [['moves']]}
};

class AccountProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Moved.identity](event: Moved) {
        const {accounts, ranks} = this.store.tables;
        const id = event.aggregateId;
        const row = await accounts.get({id}) ?? {id, moves: 0, balance: 0};
        const {amount} = event.payload;
        await accounts.set({...row, moves: row.moves + 1, balance: row.balance + amount});
        await ranks.remove({id, moves: row.moves});
        await ranks.set({id, moves: row.moves + 1, balance: row.balance});
        await ranks.update({id, moves: row.moves + 1}, {balance: row.balance + amount});
        await note(event.id);
        if (amount % 10 === 0)
            await emit('note', new Noted({aggregateId: id, payload: {of: event.id}}));
        if (amount % 7 === 0)
            await durable(event.id);
    }
}

class Accounts extends ReadModel<AccountProjector> {
    projectionName = 'account';

    all() {
        return this.store.tables.accounts.find();
    }

    ranks() {
        return this.store.tables.ranks.find();
    }
}

const {eventStore, store} = await (adapters[adapter] as (typeof adapters)[string])(folder);
const leaseMs = Number(process.env['WOLTAGE_CRASH_LEASE_MS'] ?? 10_000);
const woltage = await createWoltage({
    eventStore, internalStore: store, stores: {main: store}, projectionTuning: {leaseMs},
    eventClasses: [Moved, Noted], aggregates: [account], projectorClasses: [AccountProjector], readModelClasses: [Accounts]
});

const modes: Readonly<Record<string, () => Promise<void>>> = {work, serve, verify};
await modes[mode]?.();

async function work(): Promise<void> {
    await Promise.all([removeLeftovers().then(() => switchVersions(5)), sendCommands()]);
    await woltage.stop();
    process.stdout.write('end\n');
}

/** Removes what those before were killed over. */
async function removeLeftovers(): Promise<void> {
    for (const {version, isActive} of Object.values(woltage.getProjections()).slice(0, -1)) {
        if (!isActive)
            await woltage.removeProjection('account', version, {deleteData: true});
    }
}

/** @returns False when the versions didn't come to one position in time: on a busy machine, the active one may be far behind */
async function activate(version: number): Promise<boolean> {
    try {
        await woltage.setProjectionActive('account', version);
        return true;
    } catch (error) {
        if (!isWoltageError(error) || error.code !== 'POSITION_TIMEOUT')
            throw error;
        process.stdout.write(`refused ${error.code}\n`);
        return false;
    }
}

/** Adds the next version, activates it when it is live and removes the one before, again and again. */
async function switchVersions(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
        const active = woltage.getProjection('account')?.version;
        const versions = Object.values(woltage.getProjections()).map(({version}) => version);
        const next = Math.max(0, ...versions) + 1;
        await woltage.addProjection('account', next, 'AccountProjector', 1, 'main');
        await woltage.getProjection('account', next)?.untilLive();
        if (!await activate(next))
            continue;
        for (const version of versions)
            await woltage.removeProjection('account', version, {deleteData: true});
        process.stdout.write(`switched ${active} ${next}\n`);
    }
}

async function send(id: string, amount: number): Promise<void> {
    const {events} = await woltage.executeCommand(move, id, {amount, token: `${process.pid}-${amount}`});
    process.stdout.write(`ack ${events[0]?.id}\n`);
}

async function sendCommands(): Promise<void> {
    let sent = 0;
    await Promise.all(Array.from({length: 64}, async (_, worker) => {
        while (sent < COMMANDS) {
            const n = sent++;
            // Each worker has accounts of its own, so that there are no conflicts.
            await send(`${worker}-${n % ACCOUNTS}`, n);
        }
    }));
}

async function serve(): Promise<void> {
    let isStopped = false;
    const tell = (text: string): boolean => process.stdout.write(`${text}\n`);
    const orders: Readonly<Record<string, () => Promise<void>>> = {
        switch: () => switchVersions(1),
        stop: async () => {
            isStopped = true;
        }
    };
    const input = createInterface({input: process.stdin}).on('line', line => {
        // What is refused because others have been faster is refused: told by its code.
        orders[line]?.().catch((error: unknown) => tell(`refused ${isWoltageError(error) ? error.code : String(error)}`));
    });
    tell('ready');
    for (let n = 0; !isStopped; n++) {
        await send(`${name}-${n % 20}`, n);
        await new Promise(resolve => setTimeout(resolve, 2));
    }
    input.close();
    await woltage.stop();
    tell('end');
}

async function verify(): Promise<void> {
    await woltage.getProjection('account')?.untilLive();
    const reader: IEventStore = new eventStore.adapter(...eventStore.args as never[]);
    await reader.connect();
    const events: {id: string; type: string; aggregateId: string; payload: unknown}[] = [];
    for (let seen = ''; seen !== await progress(reader);) {
        seen = await progress(reader);
        await woltage.executeQuery(Accounts, 'all', {}, {}, {after: await reader.getLatestPosition() ?? -1n, timeoutMs: 60_000});
        // Durable effects come after it, and may append too.
        await new Promise(resolve => setTimeout(resolve, 2000));
    }
    for await (const batch of reader.subscribe()) {
        events.push(...batch.events.map(({id, type, aggregateId, payload}) => ({id, type, aggregateId, payload})));
        if (batch.caughtUp)
            break;
    }
    await reader.close();
    const rows = await woltage.executeQuery(Accounts, 'all', {});
    const ranks = await woltage.executeQuery(Accounts, 'ranks', {});
    const failed = await woltage.getFailedEffects();
    await woltage.stop();
    process.stdout.write(JSON.stringify({events, rows, ranks, failed, effects: readFileSync(effectsFile, 'utf8').split('\n').filter(Boolean)}));
}

/** Changes as long as something happens. */
async function progress(reader: IEventStore): Promise<string> {
    return `${await reader.getLatestPosition()} ${statSync(effectsFile).size}`;
}
