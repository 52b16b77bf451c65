import {statementName, toText, type Statement, type TextRow, type Transaction} from '@woltage/postgres';
import type {EventCriterion} from 'woltage';
import {tableNames} from './schema.ts';

/** By which of its tags a criterion is looked for, and under which types. */
interface Route {
    readonly tag: string;
    readonly types: readonly string[];
}

/** How a list of criteria is looked for. */
export interface TagPlan {
    readonly routes: ReadonlyMap<EventCriterion, Route>;
    /** The position of the last event that the plan knows of; `undefined` when nothing had to be looked up. */
    readonly head: bigint | undefined;
}

export interface WantedCriterion {
    readonly criterion: EventCriterion;
    readonly after: bigint;
}

/** How many postings of each tag are counted at first; eight times as many the next time. */
const FIRST_COUNT = 64;
/** Where even the rarest has more, counting would take longer than going through it. */
const LAST_COUNT = FIRST_COUNT * 8 ** 3;

/**
 * Finds the types under a tag where a criterion names none, and the rarest of several tags, as far as it can be told without counting long lists to
 * their end.
 */
export class TagPlanner {
    readonly #name: string;
    readonly #text: string;

    constructor(schema: string) {
        const {tags, head} = tableNames(schema);
        this.#name = statementName('plan tags', schema);
        this.#text = `WITH RECURSIVE probe AS (
                SELECT * FROM jsonb_to_recordset($1::jsonb) p (n integer, tag text COLLATE "C", types text[] COLLATE "C", after bigint)
            ), kinds (n, tag, type) AS (
                SELECT n, tag, (SELECT t.type FROM ${tags} t WHERE t.tag = probe.tag ORDER BY t.type LIMIT 1) FROM probe WHERE types IS NULL
                UNION ALL SELECT n, tag, (SELECT t.type FROM ${tags} t WHERE t.tag = kinds.tag AND t.type > kinds.type ORDER BY t.type LIMIT 1) FROM kinds WHERE type IS NOT NULL
            ), lists (n, tag, type) AS (
                SELECT n, tag, type FROM kinds WHERE type IS NOT NULL UNION ALL SELECT n, tag, unnest(types) FROM probe WHERE types IS NOT NULL
            )
            SELECT n, tag, type, (SELECT count(*) FROM (SELECT FROM ${tags} t WHERE t.tag = probe.tag AND t.type = lists.type AND t.position > probe.after ORDER BY t.position LIMIT $2) c)
            FROM lists JOIN probe USING (n, tag)
            UNION ALL SELECT NULL, NULL, NULL, position FROM ${head}`;
    }

    async plan(run: Transaction['run'], criteria: readonly WantedCriterion[]): Promise<TagPlan> {
        const routes = new Map<EventCriterion, Route>();
        let open = criteria.filter(({criterion}) => needsPlan(criterion));
        let head: bigint | undefined;
        for (let most = FIRST_COUNT; open.length > 0; most *= 8) {
            const rows = await run(this.#probe(open, most));
            // That of the first look: what has come since isn't in its answers.
            head ??= BigInt(rows.find(([n]) => n === null)?.[3] ?? 0);
            open = open.filter(({criterion}, n) => {
                const route = rarest(criterion, rows.filter(row => row[0] === String(n)), most);
                if (route !== undefined)
                    routes.set(criterion, route);
                return route === undefined;
            });
        }
        return {routes, head};
    }

    #probe(open: readonly WantedCriterion[], most: number): Statement {
        const probes = open.flatMap(({criterion: {types, tags = []}, after}, n) =>
            tags.map(tag => ({n, tag: toText(tag), types: types?.map(toText), after: String(after)})));
        return {name: this.#name, text: this.#text, values: [JSON.stringify(probes), most]};
    }
}

const needsPlan = ({types, tags}: EventCriterion): boolean => tags !== undefined && (types === undefined || tags.length > 1);

/** The tag that the fewest events carry; `undefined` when all of them have reached the most that was counted. */
function rarest({tags = []}: EventCriterion, rows: readonly TextRow[], most: number): Route | undefined {
    const lists = tags.map(toText).map(tag => {
        const own = rows.filter(row => row[1] === tag);
        return {tag, types: own.map(row => row[2] as string), count: own.reduce((sum, row) => sum + Number(row[3]), 0)};
    });
    const {count, ...route} = lists.reduce((a, b) => b.count < a.count ? b : a);
    return count < most || most >= LAST_COUNT || lists.length === 1 ? route : undefined;
}
