import {quote, toText, type Transaction} from '@woltage/postgres';
import {ConfigError} from 'woltage';
import {columnType, ID, ODD, type TableLayout} from './table-layout.ts';

type Run = Transaction['run'];

/** Room in each page lets a row that is written again stay there, and its index entries as they are: a third faster in a replay. */
const FILL_FACTOR = 70;

/** Creates the tables of a scope where they are missing, and their declared indexes if so wanted, in a transaction. @throws ConfigError `TABLE_CHANGED` */
export async function createTables(run: Run, schema: string, namespace: string, layouts: readonly TableLayout[], withIndexes: boolean): Promise<void> {
    await lock(run, schema, namespace);
    for (const layout of layouts) {
        const columns = await columnsOf(run, schema, layout);
        if (columns.size === 0)
            await create(run, layout);
        else
            await extend(run, layout, columns);
        for (const text of withIndexes ? layout.indexStatements() : [])
            await run({text});
        await run({
            text: `INSERT INTO ${quote(schema)}.woltage_tables (physical_name, namespace, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
            values: [layout.name, toText(namespace), layout.spec.name]
        });
    }
}

/** Drops all tables of a scope, also those that its definition knows no more, in a transaction. */
export async function dropTables(run: Run, schema: string, namespace: string): Promise<void> {
    await lock(run, schema, namespace);
    const dropped = await run({text: `DELETE FROM ${quote(schema)}.woltage_tables WHERE namespace = $1 RETURNING physical_name`, values: [toText(namespace)]});
    for (const [name] of dropped)
        await run({text: `DROP TABLE IF EXISTS ${quote(schema)}.${quote(name as string)}`});
}

/** One process at a time: even with IF NOT EXISTS, those that come together would fail. */
const lock = (run: Run, schema: string, namespace: string): Promise<unknown> =>
    run({text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', values: [`woltage tables ${schema} ${toText(namespace)}`]});

async function columnsOf(run: Run, schema: string, {name}: TableLayout): Promise<ReadonlyMap<string, string>> {
    const found = await run({
        text: `SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
        values: [schema, name]
    });
    return new Map(found.map(([column, type]) => [column as string, type as string]));
}

async function create(run: Run, layout: TableLayout): Promise<void> {
    const columns = layout.physicalColumns().map(({name, type}) => `${quote(name)} ${columnType(type)}`);
    await run({text: `CREATE TABLE ${layout.quoted} (${ID} text COLLATE "C" PRIMARY KEY, ${columns.join(', ')}) WITH (fillfactor = ${FILL_FACTOR})`});
    // There are hardly ever any, and every query asks for them.
    await run({text: `CREATE INDEX ${quote(`${layout.name}_odd`)} ON ${layout.quoted} (${ID}) WHERE ${ODD} IS NOT NULL`});
}

/** Adds columns for fields that are new. What rows have held under their names so far counts as odd from now on. */
async function extend(run: Run, layout: TableLayout, existing: ReadonlyMap<string, string>): Promise<void> {
    const columns = layout.physicalColumns();
    const changed = columns.find(({name, type}) => existing.has(name) && existing.get(name) !== type);
    if (changed !== undefined)
        throw new ConfigError(`Table '${layout.spec.name}' (${layout.name}) was created with another type of '${changed.name}': ${existing.get(changed.name)}, not ${changed.type}. `
            + 'Raise the version of its projector, or drop the tables.', {code: 'TABLE_CHANGED'});
    const added = columns.filter(({name}) => !existing.has(name));
    if (added.length === 0)
        return;
    await run({text: `ALTER TABLE ${layout.quoted} ${added.map(({name, type}) => `ADD COLUMN ${quote(name)} ${columnType(type)}`).join(', ')}`});
    const names = new Set(added.map(({name}) => name));
    for (const {field} of layout.columns.filter(({name}) => names.has(name)))
        await run({
            text: `UPDATE ${layout.quoted} SET "$odd" = coalesce("$odd", '{}') || jsonb_build_object($1::text, "$more" -> $1::text), "$more" = "$more" - $1::text WHERE "$more" ? $1::text`,
            values: [toText(field)]
        });
}
