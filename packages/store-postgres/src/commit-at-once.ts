import {sqlStateOf, statementName, type Database} from '@woltage/postgres';
import type {RecordStatement} from './records.ts';
import type {NamedStatement} from './row-writes.ts';

const DIVISION_BY_ZERO = '22012';
const MAX_KEPT = 200;

/** Commits in one statement, which is a transaction of its own: one round trip, and no locks that a process could leave behind. */
export class CommitAtOnce {
    readonly #database: Database;
    /** Statements by what they are made of. */
    readonly #kept = new Map<string, {readonly name: string; readonly text: string}>();

    constructor(database: Database) {
        this.#database = database;
    }

    /** @returns false when a record was not as expected; nothing is written then */
    async run(records: readonly RecordStatement[], rows: readonly NamedStatement[]): Promise<boolean> {
        // How many records are expected is in the values, so that few statements do for all.
        const values = [...[...records, ...rows].flatMap(part => part.values), ...records.map(({expects}) => expects)];
        try {
            await this.#database.run({...this.#statement(records, rows), values});
            return true;
        } catch (error) {
            if (sqlStateOf(error) !== DIVISION_BY_ZERO)
                throw error;
            return false;
        }
    }

    #statement(records: readonly RecordStatement[], rows: readonly NamedStatement[]): {readonly name: string; readonly text: string} {
        const [only] = rows;
        if (records.length === 0 && rows.length === 1 && only !== undefined)
            return {name: only.name, text: only.text};
        const key = [...records, ...rows].map(({name}) => name).join('\n');
        let statement = this.#kept.get(key);
        if (statement === undefined) {
            if (this.#kept.size >= MAX_KEPT)
                this.#kept.clear();
            this.#kept.set(key, statement = {name: statementName('commit', key), text: combine(records, rows)});
        }
        return statement;
    }
}

/** Where a record is not as expected, it divides by zero, so that nothing of it is done. */
function combine(records: readonly RecordStatement[], rows: readonly NamedStatement[]): string {
    let offset = 0;
    const parts = [...records, ...rows].map(({text, values}, i) => {
        const shift = offset;
        offset += values.length;
        return `p${i} AS (${text.replace(/\$(\d+)/g, (_, number: string) => `$${Number(number) + shift}`)})`;
    });
    const checks = records.map((_, i) => `1 / (CASE WHEN $${offset + i + 1}::bigint IN (0, (SELECT count(*) FROM p${i})) THEN 1 ELSE 0 END)`);
    return `WITH ${parts.join(', ')} SELECT ${checks.length === 0 ? '1' : checks.join(', ')}`;
}
