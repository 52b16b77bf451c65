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
    CREATE TABLE event_tags (
        tag TEXT NOT NULL,
        type TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (tag, type, position)
    ) WITHOUT ROWID;
    CREATE INDEX events_type ON events (type);
    -- Triggers, so that the index is complete whoever writes: also a process of the release before, which has the file open.
    CREATE TRIGGER events_tagged AFTER INSERT ON events WHEN new.tags IS NOT NULL BEGIN
        INSERT INTO event_tags SELECT DISTINCT value, new.type, new.position FROM json_each(new.tags);
    END;
    CREATE TRIGGER events_untagged AFTER DELETE ON events WHEN old.tags IS NOT NULL BEGIN
        DELETE FROM event_tags WHERE type = old.type AND position = old.position AND tag IN (SELECT value FROM json_each(old.tags));
    END;
    INSERT INTO event_tags SELECT DISTINCT tag.value, e.type, e.position FROM events e, json_each(e.tags) tag WHERE e.tags IS NOT NULL ORDER BY 1, 2, 3;
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
