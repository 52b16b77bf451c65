import {quote, type SchemaPlan} from '@woltage/postgres';

/** The tables of an event store. Released migrations never change; new ones are added at the end. */
export function schemaPlan(schema: string): SchemaPlan {
    const {events, head, tags, erased} = tableNames(schema);
    const [fill, unfill] = ['fill', 'clear'].map(name => `${quote(schema)}.event_tags_${name}`);
    return {component: 'events', schema, migrations: [`
CREATE TABLE ${events} (
    position bigint PRIMARY KEY,
    aggregate_name text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    timestamp bigint NOT NULL,
    payload json NOT NULL,
    meta json NOT NULL,
    correlation_id text COLLATE "C" NOT NULL,
    causation_id text COLLATE "C",
    tags text[] COLLATE "C"
);
COMMENT ON COLUMN ${events}.timestamp IS 'Milliseconds since the Unix epoch';
CREATE UNIQUE INDEX events_stream ON ${events} (aggregate_id, aggregate_name, revision);
CREATE UNIQUE INDEX events_id ON ${events} (id);
CREATE INDEX events_tags ON ${events} USING gin (tags) WHERE tags IS NOT NULL;
CREATE TABLE ${head} (position bigint NOT NULL);
COMMENT ON TABLE ${head} IS 'The position of the last event. Who appends holds a lock on its only row until the commit: that keeps commits in the order of positions.';
INSERT INTO ${head} VALUES (0)`, `
CREATE TABLE ${tags} (
    tag text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (tag, type, position)
);
COMMENT ON TABLE ${tags} IS 'The events by their tags. Kept by triggers of events, so that it is complete whoever writes: also a process of the release before.';
CREATE FUNCTION ${fill}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ${tags} SELECT DISTINCT tag, NEW.type, NEW.position FROM unnest(NEW.tags) tag;
    RETURN NULL;
END $$;
CREATE FUNCTION ${unfill}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM ${tags} WHERE tag = ANY(OLD.tags) AND type = OLD.type AND position = OLD.position;
    RETURN NULL;
END $$;
CREATE TRIGGER events_tagged AFTER INSERT ON ${events} FOR EACH ROW WHEN (NEW.tags IS NOT NULL) EXECUTE FUNCTION ${fill}();
CREATE TRIGGER events_untagged AFTER DELETE ON ${events} FOR EACH ROW WHEN (OLD.tags IS NOT NULL) EXECUTE FUNCTION ${unfill}();
INSERT INTO ${tags} SELECT DISTINCT tag, type, position FROM ${events}, unnest(tags) tag ORDER BY 1, 2, 3;
DROP INDEX ${quote(schema)}.events_tags;
CREATE INDEX events_type ON ${events} (type, position)`, `
CREATE TABLE ${erased} (
    aggregate_id text COLLATE "C" NOT NULL,
    aggregate_name text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_name)
);
COMMENT ON COLUMN ${erased}.position IS 'Of the tombstone, which is all that is left of the stream'`]};
}

export interface TableNames {
    readonly events: string;
    readonly head: string;
    readonly tags: string;
    readonly erased: string;
}

/** Quoted, with their schema. */
export const tableNames = (schema: string): TableNames => ({
    events: `${quote(schema)}.events`, head: `${quote(schema)}.events_head`, tags: `${quote(schema)}.event_tags`, erased: `${quote(schema)}.erased_streams`
});

/** The columns in the order that {@link EventRow} has. */
export const COLUMNS = 'position, aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload, meta, correlation_id, causation_id, tags';

/** Everything as the text that PostgreSQL makes of it. */
export type EventRow = readonly [
    position: string, aggregateName: string, aggregateId: string, revision: string, id: string, type: string, version: string,
    timestamp: string, payload: string, meta: string, correlationId: string, causationId: string | null, tags: string | null
];
