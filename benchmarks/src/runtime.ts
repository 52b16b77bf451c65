import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import createWoltage, {MemoryEventStore, MemoryStore, type Woltage} from 'woltage';
import {account, AccountProjector, Moved} from './domain.ts';

const definitions = {eventClasses: [Moved], aggregates: [account], projectorClasses: [AccountProjector]};

export function memoryRuntime(): Promise<Woltage> {
    const store = {adapter: MemoryStore};
    return createWoltage({eventStore: {adapter: MemoryEventStore}, internalStore: store, stores: {main: store}, ...definitions});
}

export function sqliteRuntime(folder: string): Promise<Woltage> {
    const store = {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]};
    const eventStore = {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]};
    return createWoltage({eventStore, internalStore: store, stores: {main: store}, ...definitions});
}

/** A folder that is gone at the end of the process. */
export function temporaryFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'woltage-bench-'));
    process.on('exit', () => rmSync(folder, {recursive: true, force: true}));
    return folder;
}

/** Runs `count` tasks with so many in flight. */
export async function inFlight(count: number, parallel: number, task: (n: number) => Promise<unknown>): Promise<number> {
    let next = 0;
    await Promise.all(Array.from({length: parallel}, async () => {
        while (next < count)
            await task(next++);
    }));
    return count;
}
