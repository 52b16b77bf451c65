import {join} from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import {CONCURRENCY, type OpenQueue} from './work.ts';

/** Takes pages of work until it is stopped; looks again when something is added in this process. */
class Loop {
    #isStopped = false;
    #wake = (): void => {};
    #isAwake = false;
    readonly #ended: Promise<void>;

    /** @param take Does a page of work, and says how much that was */
    constructor(take: () => Promise<number>) {
        this.#ended = this.#run(take);
    }

    wake(): void {
        this.#isAwake = true;
        this.#wake();
    }

    async stop(): Promise<void> {
        this.#isStopped = true;
        this.wake();
        await this.#ended;
    }

    async #run(take: () => Promise<number>): Promise<void> {
        while (!this.#isStopped) {
            this.#isAwake = false;
            if (await take() === 0 && !this.#isAwake)
                await new Promise<void>(resolve => this.#wake = resolve);
        }
    }
}

/** A table; a page is locked, handled, deleted and committed. */
export function rawPostgres(url: string, table: string): OpenQueue {
    return async handler => {
        const pool = new pg.Pool({connectionString: url, max: 20});
        await pool.query(`CREATE TABLE ${table} (position bigserial PRIMARY KEY, id text NOT NULL)`);
        const worker = await pool.connect();
        const loop = new Loop(async () => {
            await worker.query('BEGIN');
            const {rows} = await worker.query<{position: string; id: string}>({
                name: 'take', text: `SELECT position, id FROM ${table} ORDER BY position LIMIT ${CONCURRENCY} FOR UPDATE SKIP LOCKED`
            });
            await Promise.all(rows.map(({id}) => handler(id)));
            if (rows.length > 0)
                await worker.query({name: 'remove', text: `DELETE FROM ${table} WHERE position = ANY($1)`, values: [rows.map(({position}) => position)]});
            await worker.query('COMMIT');
            return rows.length;
        });
        return {
            async add(id) {
                await pool.query({name: 'add', text: `INSERT INTO ${table} (id) VALUES ($1)`, values: [id]});
                loop.wake();
            },
            async stop() {
                await loop.stop();
                worker.release();
                await pool.end();
            }
        };
    };
}

/** A table; a page is marked, handled and deleted: no transaction can stay open while handlers run. */
export function rawSqlite(folder: string): OpenQueue {
    return async handler => {
        const database = new Database(join(folder, 'raw-queue.db'));
        database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE work (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, claimed INTEGER NOT NULL DEFAULT 0)');
        const insert = database.prepare('INSERT INTO work (id) VALUES (?)');
        const claim = database.prepare(`UPDATE work SET claimed = 1 WHERE position IN (SELECT position FROM work WHERE claimed = 0 ORDER BY position LIMIT ${CONCURRENCY}) RETURNING position, id`);
        const some = database.prepare('SELECT 1 FROM work WHERE claimed = 0');
        const remove = database.prepare('DELETE FROM work WHERE position = ?');
        const removeAll = database.transaction((rows: readonly {readonly position: number}[]) => rows.forEach(({position}) => remove.run(position)));
        const loop = new Loop(async () => {
            const rows = some.get() === undefined ? [] : claim.all() as {position: number; id: string}[];
            await Promise.all(rows.map(({id}) => handler(id)));
            removeAll(rows);
            return rows.length;
        });
        return {
            async add(id) {
                insert.run(id);
                loop.wake();
            },
            async stop() {
                await loop.stop();
                database.close();
            }
        };
    };
}
