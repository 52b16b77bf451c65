import {ConfigError} from 'woltage';
import type {SQLiteDatabase} from './driver.ts';
import {inTransaction} from './transaction.ts';

/**
 * Brings a component's tables up to date: runs the migrations that the database hasn't seen, in one transaction.
 *
 * @param migrations SQL scripts; never change one that has been released, add another
 * @throws ConfigError `SCHEMA_TOO_NEW` when a newer release has worked on the database
 */
export function migrate(database: SQLiteDatabase, component: string, migrations: readonly string[]): void {
    if (versionOf(database, component) === migrations.length)
        return;
    inTransaction(database, () => {
        database.exec('CREATE TABLE IF NOT EXISTS woltage_schema (component TEXT PRIMARY KEY, version INTEGER NOT NULL)');
        const version = versionOf(database, component);
        if (version > migrations.length)
            throw new ConfigError(`The SQLite database has version ${version} of '${component}', but this release knows ${migrations.length}. Upgrade the package.`, {code: 'SCHEMA_TOO_NEW'});
        for (const migration of migrations.slice(version))
            database.exec(migration);
        database.prepare('INSERT OR REPLACE INTO woltage_schema (component, version) VALUES (?, ?)').run(component, migrations.length);
    });
}

function versionOf(database: SQLiteDatabase, component: string): number {
    const table = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = \'woltage_schema\'').get();
    if (table === undefined)
        return 0;
    const row = database.prepare('SELECT version FROM woltage_schema WHERE component = ?').get(component) as {version: number} | undefined;
    return row?.version ?? 0;
}
