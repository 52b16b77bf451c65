import {join} from 'node:path';
import Database from 'better-sqlite3';
import {uuidV7} from 'woltage';
import {payload} from './domain.ts';

/** What any event store must do with better-sqlite3: look at the stream's last revision, insert. The table is ours. */
export class RawEvents {
    readonly database: Database.Database;
    readonly #last: Database.Statement;
    readonly #insert: Database.Statement;

    constructor(folder: string, file = 'raw.db') {
        this.database = new Database(join(folder, file));
        this.database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, aggregate_name TEXT NOT NULL, aggregate_id TEXT NOT NULL,
                revision INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL, timestamp INTEGER NOT NULL,
                payload TEXT NOT NULL, meta TEXT NOT NULL, correlation_id TEXT NOT NULL, causation_id TEXT, tags TEXT);
            CREATE UNIQUE INDEX events_stream ON events (aggregate_id, aggregate_name, revision);
            CREATE UNIQUE INDEX events_id ON events (id);`);
        this.#last = this.database.prepare('SELECT max(revision) FROM events WHERE aggregate_id = ? AND aggregate_name = ?').raw();
        this.#insert = this.database.prepare(`INSERT INTO events (aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload,
            meta, correlation_id, causation_id, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    }

    /** Inserts one event for each aggregate, in one transaction. */
    insert(aggregateIds: readonly string[]): void {
        this.database.exec('BEGIN IMMEDIATE');
        for (const aggregateId of aggregateIds) {
            const [last] = this.#last.get(aggregateId, 'account') as [number | null];
            const id = uuidV7();
            this.#insert.run('account', aggregateId, (last ?? -1) + 1, id, 'moved', 1, Date.now(), JSON.stringify(payload), '{}', id, null, null);
        }
        this.database.exec('COMMIT');
    }
}

interface RawRow {
    id: string;
    balance: number;
    moves: number;
}

/** What any replay into SQLite must do: read pages, parse, look up each row once a page, one bulk upsert a page. */
export function rawReplay(folder: string, target: string): number {
    const events = new Database(join(folder, 'events.db'));
    const rows = new Database(join(folder, target));
    rows.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE accounts (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID; CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position INTEGER)');
    const page = events.prepare('SELECT position, aggregate_id, type, payload, meta FROM events WHERE position > ? ORDER BY position LIMIT 1000').raw();
    const get = rows.prepare('SELECT data FROM accounts WHERE id = ?').raw();
    const upsert = rows.prepare('INSERT INTO accounts VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data');
    const checkpoint = rows.prepare('INSERT OR REPLACE INTO checkpoint VALUES (1, ?)');
    let position = 0;
    let count = 0;
    for (;;) {
        const list = page.all(position) as [number, string, string, string, string][];
        const last = list.at(-1);
        if (last === undefined)
            break;
        const changed = new Map<string, RawRow>();
        for (const [, id, , payload, meta] of list) {
            const event = JSON.parse(payload) as {amount: number};
            JSON.parse(meta);
            let row = changed.get(id);
            if (row === undefined) {
                const found = get.get(id) as [string] | undefined;
                row = found === undefined ? {id, balance: 0, moves: 0} : JSON.parse(found[0]) as RawRow;
                changed.set(id, row);
            }
            row.balance += event.amount;
            row.moves++;
        }
        position = last[0];
        count += list.length;
        rows.exec('BEGIN IMMEDIATE');
        for (const [id, row] of changed)
            upsert.run(id, JSON.stringify(row));
        checkpoint.run(position);
        rows.exec('COMMIT');
    }
    events.close();
    rows.close();
    return count;
}
