import {uuidV7} from 'woltage';
import {move, payload} from './domain.ts';
import {compare, print, type Contestant} from './measure.ts';
import {castoreCommand, peerCommand} from './peers.ts';
import {RawEvents} from './raw.ts';
import {inFlight, memoryRuntime, sqliteRuntime, temporaryFolder} from './runtime.ts';

const MEMORY_COMMANDS = 50_000;

/** Makes the ids beforehand, so that all contestants get the same. */
const ids = (count: number): string[] => Array.from({length: count}, () => uuidV7());

await freshInMemory();
await freshOnSQLite();
await hot('in memory');
await hot('on SQLite');

async function freshInMemory(): Promise<void> {
    const contestant = async (create: () => Promise<(id: string) => Promise<unknown>>): Promise<Contestant> => {
        await create();
        return async () => {
            // A new store each time, or the ones that come later pay for a larger heap.
            const run = await create();
            const list = ids(MEMORY_COMMANDS);
            for (const id of list)
                await run(id);
            return MEMORY_COMMANDS;
        };
    };
    print('Commands in memory, fresh aggregates, one by one', await compare({
        'Woltage': await contestant(async () => {
            const woltage = await memoryRuntime();
            return id => woltage.executeCommand(move, id, payload);
        }),
        '@castore/core': await contestant(async () => castoreCommand()),
        'woltage 1.12 from npm': await contestant(peerCommand),
        'raw (a Map of arrays)': await contestant(async () => {
            const streams = new Map<string, unknown[]>();
            return async id => {
                const stream = streams.get(id) ?? [];
                streams.set(id, stream);
                stream.push({id: uuidV7(), type: 'moved', version: 1, timestamp: Date.now(), payload: {...payload}, revision: BigInt(stream.length)});
            };
        })
    }, 7), '@castore/core');
}

async function freshOnSQLite(): Promise<void> {
    const folder = temporaryFolder();
    const woltage = await sqliteRuntime(folder);
    const raw = new RawEvents(folder);
    for (const [parallel, count] of [[1, 3000], [64, 20_000]] as const) {
        print(`Durable commands on SQLite, fresh aggregates, ${parallel} in flight`, await compare({
            'Woltage': () => inFlight(count, parallel, () => woltage.executeCommand(move, uuidV7(), payload)),
            'raw better-sqlite3': async () => {
                const list = ids(count);
                for (let i = 0; i < list.length; i += parallel)
                    raw.insert(list.slice(i, i + parallel));
                return count;
            }
        }), 'raw better-sqlite3');
    }
    await woltage.stop();
    raw.database.close();
}

async function hot(where: 'in memory' | 'on SQLite'): Promise<void> {
    const folder = temporaryFolder();
    const woltage = await (where === 'in memory' ? memoryRuntime() : sqliteRuntime(folder));
    const raw = new RawEvents(folder);
    for (const size of [10, 100, 1000, 10_000]) {
        const id = `hot-${size}`;
        for (let i = 0; i < size; i++)
            await woltage.executeCommand(move, id, payload);
        raw.insert(Array.from({length: size}, () => id));
        const count = where === 'in memory' ? 20_000 : 500;
        const contestants: Record<string, Contestant> = {
            'Woltage': () => inFlight(count, 1, () => woltage.executeCommand(move, id, payload))
        };
        if (where === 'on SQLite')
            contestants['raw better-sqlite3'] = () => inFlight(count, 1, async () => raw.insert([id]));
        print(`Commands ${where}, one hot aggregate of ${size.toLocaleString('en')} events, one by one`, await compare(contestants), where === 'on SQLite' ? 'raw better-sqlite3' : 'Woltage');
    }
    await woltage.stop();
    raw.database.close();
}
