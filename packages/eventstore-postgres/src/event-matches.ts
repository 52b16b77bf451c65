import {plainArray, statementName, textArray, toText, type Transaction} from '@woltage/postgres';
import type {EventCriterion, EventQuery} from 'woltage';
import {COLUMNS, tableNames, type EventRow} from './schema.ts';
import {TagPlanner, type TagPlan} from './tag-plan.ts';

/** What an append depends on, checked. */
export interface EncodedCondition {
    readonly query: EventQuery;
    readonly after: bigint;
}

/** One way through an index, as the statements take it: rising positions, each of them of an event that meets a criterion. */
interface Arm {
    readonly kind: Kind;
    /** Which of several conditions it belongs to. */
    readonly task: number;
    readonly after: string;
    readonly tag?: string;
    readonly type?: string;
    /** What it must carry beside the tag. */
    readonly others?: readonly string[] | undefined;
}

type Kind = 'tag' | 'type' | 'all';
type Run = Transaction['run'];

/** Finds events by their types and tags. */
export class EventMatches {
    readonly #schema: string;
    readonly #head: string;
    readonly #events: string;
    readonly #hits: Readonly<Record<Kind, string>>;
    readonly #planner: TagPlanner;

    constructor(schema: string) {
        const {events, head, tags} = tableNames(schema);
        this.#schema = schema;
        this.#events = events;
        this.#head = head;
        this.#planner = new TagPlanner(schema);
        // Each is ordered by an index, so that the server never prefers to read a whole table.
        this.#hits = {
            tag: `SELECT t.position FROM ${tags} t WHERE t.tag = arm.tag AND t.type = arm.type AND t.position > arm.after AND t.position <= $1::bigint
                AND (arm.others IS NULL OR EXISTS (SELECT FROM ${events} e WHERE e.position = t.position AND e.tags @> arm.others::text[])) ORDER BY t.position`,
            // As pairs, which no other index is good for: with fresh statistics it would rather go through all positions in search of a rare type.
            type: `SELECT e.position FROM ${events} e WHERE (e.type, e.position) > (arm.type, arm.after) AND (e.type, e.position) <= (arm.type, $1::bigint) ORDER BY e.type, e.position`,
            all: `SELECT e.position FROM ${events} e WHERE e.position > arm.after AND e.position <= $1::bigint ORDER BY e.position`
        };
    }

    /** The first events that match, in the order of their positions, each once: all of it as of one moment. */
    async page(run: Run, query: EventQuery, after: bigint, until: bigint, limit: number): Promise<readonly EventRow[]> {
        const plan = await this.#planner.plan(run, query.map(criterion => ({criterion, after})));
        const arms = query.flatMap(criterion => armsOf(criterion, after, 0, plan));
        const kinds = kindsOf(arms);
        if (kinds.length === 0)
            return [];
        // No further than the plan knows of: a type that has come since under a tag isn't in it.
        const end = plan.head === undefined || until < plan.head ? until : plan.head;
        /*
         * Joined sideways and with limits, so that the server can only look up one after the other. They are part of the text: the server would take an unknown limit for a
         * large one, and compile the statement first, which takes longer than the whole search.
         */
        const text = `WITH found AS (
                SELECT DISTINCT position FROM (${this.#select('hit.position', kinds, limit, 2)}) hits ORDER BY position LIMIT ${limit}
            ) SELECT event.* FROM found, LATERAL (SELECT ${COLUMNS} FROM ${this.#events} e WHERE e.position = found.position LIMIT 1) event ORDER BY event.position`;
        return await run({
            name: statementName(`matches ${limit} ${kinds.join(' ')}`, this.#schema), text, values: [end, ...kinds.flatMap(kind => arraysOf(arms, kind))]
        }) as unknown as readonly EventRow[];
    }

    /**
     * Which of the conditions fail (by their places), and the position of the last event at that time; `undefined` when others have appended while it was
     * looked up.
     */
    async check(run: Run, conditions: readonly (EncodedCondition | undefined)[]): Promise<{readonly failed: ReadonlySet<number>; readonly head: bigint} | undefined> {
        const wanted = conditions.flatMap((condition, task) => condition === undefined ? [] : condition.query.map(criterion => ({criterion, after: condition.after, task})));
        const plan = await this.#planner.plan(run, wanted);
        const arms = wanted.flatMap(({criterion, after, task}) => armsOf(criterion, after, task, plan));
        const kinds = kindsOf(arms);
        const hits = kinds.length === 0 ? '' : `UNION ALL ${this.#select('arm.task, hit.position', kinds, 1, 2)}`;
        const rows = await run({
            name: statementName(`conditions ${kinds.join(' ')}`, this.#schema), text: `SELECT NULL::integer, position FROM ${this.#head} WHERE $1::bigint > 0 ${hits}`,
            values: [END, ...kinds.flatMap(kind => arraysOf(arms, kind))]
        });
        const head = BigInt(rows.find(([task]) => task === null)?.[1] ?? 0);
        if (plan.head !== undefined && plan.head !== head)
            return undefined;
        return {head, failed: new Set(rows.flatMap(([task]) => task === null ? [] : [Number(task)]))};
    }

    #select(columns: string, kinds: readonly Kind[], limit: number, parameter: number): string {
        return kinds.map((kind, i) => {
            const arrays = ARRAYS.map((type, n) => `$${parameter + i * ARRAYS.length + n}::${type}[]`).join(', ');
            return `SELECT ${columns} FROM unnest(${arrays}) arm (task, tag, type, others, after), LATERAL (${this.#hits[kind]} LIMIT ${limit}) hit`;
        }).join(' UNION ALL ');
    }
}

const END = 2n ** 63n - 1n;

function armsOf(criterion: EventCriterion, after: bigint, task: number, {routes}: TagPlan): readonly Arm[] {
    const common = {after: String(after), task};
    const {types, tags} = criterion;
    if (tags === undefined)
        return types === undefined ? [{kind: 'all', ...common}] : types.map(type => ({kind: 'type', type: toText(type), ...common}));
    const route = routes.get(criterion) ?? {tag: toText(tags[0] as string), types: (types ?? []).map(toText)};
    const others = tags.map(toText).filter(tag => tag !== route.tag);
    return route.types.map(type => ({kind: 'tag', tag: route.tag, type, others: others.length === 0 ? undefined : others, ...common}));
}

const kindsOf = (arms: readonly Arm[]): readonly Kind[] => (['tag', 'type', 'all'] as const).filter(kind => arms.some(arm => arm.kind === kind));
const ARRAYS = ['integer', 'text', 'text', 'text', 'bigint'] as const;

/** The arms of a kind, by column. */
function arraysOf(arms: readonly Arm[], kind: Kind): readonly string[] {
    const own = arms.filter(arm => arm.kind === kind);
    return [
        plainArray(own.map(({task}) => task)), textArray(own.map(({tag = null}) => tag)), textArray(own.map(({type = null}) => type)),
        textArray(own.map(({others}) => others === undefined ? null : textArray(others))), plainArray(own.map(({after}) => after))
    ];
}
