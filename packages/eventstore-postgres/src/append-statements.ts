import {plainArray, statementName, textArray, type Statement, type TextRow} from '@woltage/postgres';
import type {EncodedAppend} from './encode.ts';
import type {NewEvent} from './decide.ts';
import {tableNames, type TableNames} from './schema.ts';
import {ERASED, streamKey, streamsOf, type Place, type StreamName, type StreamState} from './streams.ts';

const LAST_REVISION = ({events, erased}: TableNames): string =>
    `(CASE WHEN EXISTS (SELECT FROM ${erased} WHERE aggregate_id = s.aggregate_id AND aggregate_name = s.aggregate_name) THEN ${ERASED}
        ELSE (SELECT revision FROM ${events} WHERE aggregate_id = s.aggregate_id AND aggregate_name = s.aggregate_name ORDER BY revision DESC LIMIT 1) END)`;

/** The statements that append. Each is one round trip, so that the lock on the head is never held by a process that is gone. */
export class AppendStatements {
    readonly #readName: string;
    readonly #writeName: string;
    readonly #read: string;
    readonly #write: string;
    /** Takes the lock that orders commits, until the transaction ends. */
    readonly lock: Statement;

    constructor(schema: string) {
        const tables = tableNames(schema);
        const {events, head} = tables;
        this.#readName = statementName('read', schema);
        this.#writeName = statementName('write', schema);
        this.lock = {text: `SELECT position FROM ${head} FOR UPDATE`};
        this.#read = `SELECT s.place, ${LAST_REVISION(tables)}, NULL, NULL, NULL
            FROM unnest($1::text[], $2::text[]) WITH ORDINALITY s (aggregate_name, aggregate_id, place)
            UNION ALL SELECT NULL, revision, aggregate_name, aggregate_id, id || ' ' || position FROM ${events} WHERE id = ANY($3)`;
        /*
         * The update takes the lock. The streams are looked at as they were when the statement began: one that has grown meanwhile gives
         * a revision twice, which the unique index refuses. The head is looked at once more when the lock is there.
         */
        this.#write = `WITH head AS (
                UPDATE ${head} SET position = position + $1::bigint WHERE NOT EXISTS (
                    SELECT FROM unnest($2::text[], $3::text[], $4::bigint[]) s (aggregate_name, aggregate_id, last)
                    WHERE coalesce(${LAST_REVISION(tables)}, -1) <> s.last) AND ($17::bigint IS NULL OR position = $17)
                RETURNING position - $1::bigint AS base
            ), inserted AS (
                INSERT INTO ${events} (position, aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload, meta, correlation_id, causation_id, tags)
                SELECT head.base + e.place, e.aggregate_name, e.aggregate_id, e.revision, e.id, e.type, e.version, e.timestamp, e.payload::json, e.meta::json, e.correlation_id, e.causation_id, e.tags::text[]
                FROM head, unnest($5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::integer[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
                    WITH ORDINALITY e (aggregate_name, aggregate_id, revision, id, type, version, timestamp, payload, meta, correlation_id, causation_id, tags, place)
            ) SELECT base FROM head`;
    }

    /** Reads what there is of the streams and ids, in one snapshot. */
    read(appends: readonly EncodedAppend[]): Statement {
        const streams = [...streamsOf(appends).values()];
        const ids = appends.flatMap(({events}) => events.map(([id]) => id));
        return {name: this.#readName, text: this.#read, values: [...namesOf(streams), textArray(ids)]};
    }

    /** What {@link read} has given. */
    toState(rows: readonly TextRow[], appends: readonly EncodedAppend[]): StreamState {
        const keys = [...streamsOf(appends).keys()];
        const last = new Map<string, number>();
        const places = new Map<string, Place>();
        for (const [place, revision, aggregateName, aggregateId, idAndPosition] of rows) {
            if (typeof place === 'string') {
                last.set(keys[Number(place) - 1] as string, revision === null ? -1 : Number(revision));
                continue;
            }
            const [, id = '', position = ''] = /^(.*) (\d+)$/s.exec(idAndPosition as string) ?? [];
            const stream = streamKey({aggregateName: aggregateName as string, aggregateId: aggregateId as string});
            places.set(id, {stream, revision: Number(revision), position: BigInt(position)});
        }
        return {last, places, isRead: true};
    }

    /**
     * Writes the events if the streams are as the state says. Gives the position before the first of them; no row where they aren't.
     *
     * @param head What must still be the position of the last event, if given
     */
    write(events: readonly NewEvent[], appends: readonly EncodedAppend[], {last}: StreamState, head?: bigint): Statement {
        const streams = streamsOf(appends);
        const column = <V>(of: (event: NewEvent) => V): V[] => events.map(of);
        const text = (index: number): string => textArray(events.map(({columns}) => columns[index] as string | null));
        const plain = (index: number): string => plainArray(events.map(({columns}) => columns[index] as string));
        return {
            name: this.#writeName, text: this.#write, values: [
                String(events.length), ...namesOf([...streams.values()]), plainArray(Array.from(streams.keys(), key => last.get(key) as number)),
                textArray(column(({aggregateName}) => aggregateName)), textArray(column(({aggregateId}) => aggregateId)), plainArray(column(({revision}) => revision)),
                text(0), text(1), plain(2), plain(3), text(4), text(5), text(6), text(7), text(8), head ?? null
            ]
        };
    }
}

const namesOf = (streams: readonly StreamName[]): string[] => [
    textArray(streams.map(({aggregateName}) => aggregateName)), textArray(streams.map(({aggregateId}) => aggregateId))
];
