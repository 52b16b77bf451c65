/** Released migrations never change; new ones are added at the end. */
export const migrations: readonly string[] = [`
    CREATE TABLE events (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        aggregate_name TEXT NOT NULL,
        aggregate_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        version INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        payload TEXT NOT NULL,
        meta TEXT NOT NULL,
        correlation_id TEXT NOT NULL,
        causation_id TEXT,
        tags TEXT
    );
    CREATE UNIQUE INDEX events_stream ON events (aggregate_id, aggregate_name, revision);
    CREATE UNIQUE INDEX events_id ON events (id);
`, `
    CREATE TABLE erased_streams (
        aggregate_id TEXT NOT NULL,
        aggregate_name TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (aggregate_id, aggregate_name)
    ) WITHOUT ROWID;
`];

/** The columns in the order that {@link EventRow} has. */
export const COLUMNS = 'position, aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload, meta, correlation_id, causation_id, tags';

export type EventRow = readonly [
    position: number, aggregateName: string, aggregateId: string, revision: number, id: string, type: string, version: number,
    timestamp: number, payload: string, meta: string, correlationId: string, causationId: string | null, tags: string | null
];
