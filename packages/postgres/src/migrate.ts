import {ConfigError} from 'woltage';
import type {Transaction} from './database.ts';
import {sqlState} from './postgres-error.ts';
import {quote, quoteText} from './quote.ts';

/** The tables of a component, and how they came to be what they are. */
export interface SchemaPlan {
    readonly component: string;
    /** The schema in the database. */
    readonly schema: string;
    /** SQL scripts; never change one that has been released, add another. */
    readonly migrations: readonly string[];
}

const versionTable = ({schema}: SchemaPlan): string => `${quote(schema)}.woltage_schema`;

/**
 * Brings a component's tables up to date: runs the migrations that the database hasn't seen, in one transaction, while other processes
 * that start at the same time wait. Where nothing is to be done, no rights are needed but to read.
 *
 * @throws ConfigError `SCHEMA_TOO_NEW` when a newer release has worked on the database
 */
export async function migrate(run: Transaction['run'], plan: SchemaPlan): Promise<void> {
    if (await versionOf(run, plan) === plan.migrations.length)
        return;
    await run({text: 'BEGIN'});
    try {
        await run({text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', values: [`woltage migration ${plan.schema}`]});
        const [existing] = await run({text: 'SELECT 1 FROM pg_namespace WHERE nspname = $1', values: [plan.schema]});
        // Even with IF NOT EXISTS the right to create schemas would be needed.
        if (existing === undefined)
            await run({text: `CREATE SCHEMA ${quote(plan.schema)}`});
        await run({text: creationOfVersions(plan)});
        const version = await versionOf(run, plan);
        if (version < plan.migrations.length)
            await run({text: stepsFrom(plan, version)});
        await run({text: 'COMMIT'});
    } catch (error) {
        await run({text: 'ROLLBACK'}).catch(() => undefined);
        throw error;
    }
}

/** All of it as one script, for a database that hasn't seen the component: for those who may not create tables themselves. */
export const schemaScript = (plan: SchemaPlan): string =>
    ['BEGIN', `CREATE SCHEMA IF NOT EXISTS ${quote(plan.schema)}`, creationOfVersions(plan), stepsFrom(plan, 0), 'COMMIT'].map(step => `${step};\n`).join('');

const creationOfVersions = (plan: SchemaPlan): string => `CREATE TABLE IF NOT EXISTS ${versionTable(plan)} (component text PRIMARY KEY, version integer NOT NULL)`;

const stepsFrom = (plan: SchemaPlan, version: number): string => [
    ...plan.migrations.slice(version),
    `INSERT INTO ${versionTable(plan)} (component, version) VALUES (${quoteText(plan.component)}, ${plan.migrations.length}) `
    + 'ON CONFLICT (component) DO UPDATE SET version = excluded.version'
].join(';\n');

async function versionOf(run: Transaction['run'], plan: SchemaPlan): Promise<number> {
    const {component, migrations} = plan;
    let version: number;
    try {
        const [row] = await run({text: `SELECT version FROM ${versionTable(plan)} WHERE component = $1`, values: [component]});
        version = Number(row?.[0] ?? 0);
    } catch (error) {
        // No such table or schema yet.
        if (!['42P01', '3F000'].includes(sqlState(error) ?? ''))
            throw error;
        version = 0;
    }
    if (version > migrations.length)
        throw new ConfigError(`The database has version ${version} of '${component}', but this release knows ${migrations.length}. Upgrade the package.`, {code: 'SCHEMA_TOO_NEW'});
    return version;
}
