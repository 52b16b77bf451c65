import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import {createWallets, walletData} from '../../packages/woltage/test/support/wallet.ts';

/**
 * A process of its own that executes keyed commands, some at once, and tells what came of each.
 *
 * Arguments: folder, the number of keys, `single` or `unit`.
 */
const [, , folder, keys, kind] = process.argv;
const {woltage, deposit} = await createWallets(walletData(), {retryOnConflict: 100}, {
    eventStore: {adapter: SQLiteEventStore, args: [{path: `${folder}/events.db`}]}, internalStore: {adapter: SQLiteStore, args: [{path: `${folder}/store.db`}]}
});

async function execute(n: number): Promise<void> {
    const options = {idempotencyKey: `key-${n}`};
    const outcomes = kind === 'single'
        ? [await woltage.executeCommand(deposit, `w${n % 5}`, {amount: 1}, {}, options)]
        : await woltage.executeCommands(['w0', 'w1', 'w1'].map(aggregateId => ({command: deposit, aggregateId, payload: {amount: 1}})), {...options, retryOnConflict: 100});
    console.log(JSON.stringify({n, ids: outcomes.flatMap(({events}) => events.map(({id}) => id)), revisions: outcomes.map(({revision}) => String(revision))}));
}

const pending = Array.from({length: Number(keys)}, (_, n) => n);
await Promise.all(Array.from({length: 4}, async () => {
    for (let n = pending.shift(); n !== undefined; n = pending.shift())
        await execute(n);
}));
await woltage.stop();
