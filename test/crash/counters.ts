/** An application whose handlers must run exactly once and in order: each of them reads what is there and goes on from it. */
import createWoltage, {
    Aggregate, Event, Projector, ReadModel, z, type AdapterConfig, type IEventStore, type ProjectionTuning, type Woltage
} from 'woltage';
import type {CrashAdapters} from './adapters.ts';

const schema = z.object({by: z.number()});

class Ticked extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}

const counter = Aggregate.create('counter', {$init: () => ({})});
export const tick = counter.registerCommand(schema, function tick(_state, payload) {
    return new Ticked({payload});
});

const id = z.object({id: z.string()});
const tables = {
    /** `get`, then `set` of what was there and one more. */
    counts: {key: id, schema: z.object({count: z.number(), sum: z.number(), place: z.number()})},
    /** `update` of what was there. */
    updates: {key: id, schema: z.object({times: z.number(), last: z.number()})},
    /** There after every second event. */
    flips: {key: id, schema: z.object({since: z.string()})},
    /** Rows that move from key to key. */
    places: {key: z.object({place: z.number(), id: z.string()}), schema: z.object({visits: z.number()}), indexes: [['place']]},
    /** The three heaviest of a team get heavier. */
    members: {key: id, schema: z.object({team: z.number(), weight: z.number()}), indexes: [['team', 'weight']]},
    /** One row that tells the order of all events. */
    journal: {key: z.object({name: z.string()}), schema: z.object({events: z.number(), digest: z.number()})}
};

class CounterProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Ticked.identity]({id: eventId, aggregateId, payload: {by}}: Ticked) {
        await this.#count(aggregateId, by);
        await this.#flip(aggregateId, eventId);
        await this.#weigh(aggregateId, by);
        const {journal} = this.store.tables;
        const {events, digest} = await journal.get({name: 'all'}) ?? {events: 0, digest: 0};
        await journal.set({name: 'all', events: events + 1, digest: addToDigest(digest, eventId)});
    }

    async #count(id: string, by: number): Promise<void> {
        const {counts, updates, places} = this.store.tables;
        const row = await counts.get({id}) ?? {id, count: 0, sum: 0, place: 0};
        const place = (row.place + by) % PLACES;
        await counts.set({id, count: row.count + 1, sum: row.sum + by, place});
        const visits = (await places.get({id, place: row.place}))?.visits ?? 0;
        await places.remove({id, place: row.place});
        await places.set({id, place, visits: visits + 1});
        const times = (await updates.get({id}))?.times ?? 0;
        if (!await updates.update({id}, {times: times + 1, last: by}))
            await updates.set({id, times: 1, last: by});
    }

    async #flip(id: string, since: string): Promise<void> {
        const {flips} = this.store.tables;
        if (await flips.get({id}) === null)
            await flips.set({id, since});
        else
            await flips.remove({id});
    }

    async #weigh(id: string, by: number): Promise<void> {
        const {members} = this.store.tables;
        const team = teamOf(id);
        if (await members.get({id}) === null)
            await members.set({id, team, weight: 0});
        const heaviest = await members.find({team}, {sort: {weight: 'desc', id: 'asc'}, limit: 3});
        for (const member of heaviest)
            await members.update({id: member.id}, {weight: member.weight + by});
        await members.update({id}, {weight: (await members.get({id}))?.weight as number + 1});
    }
}

export const PLACES = 7;
export const teamOf = (id: string): number => Number(id.slice(1)) % 4;

/** A digest that depends on every event and on their order. */
export function addToDigest(digest: number, eventId: string): number {
    for (let i = 0; i < eventId.length; i++)
        digest = Math.imul(digest, 31) + eventId.charCodeAt(i) | 0;
    return digest;
}

class Counters extends ReadModel<CounterProjector> {
    projectionName = 'counter';

    async all() {
        const {counts, updates, flips, places, members, journal} = this.store.tables;
        return {
            counts: await counts.find(), updates: await updates.find(), flips: await flips.find(), places: await places.find(), members: await members.find(),
            journal: await journal.find()
        };
    }
}

export type CounterRows = Awaited<ReturnType<Counters['all']>>;

/** What the model is folded from. */
export interface Tick {
    readonly id: string;
    readonly aggregateId: string;
    readonly by: number;
}

/** Small batches and commits, so that crashes fall into many of them. */
const TUNING: Partial<ProjectionTuning> = {batchSize: 64, commitEvents: 150, retryMs: 5};

export const startCounters = ({eventStore, store}: CrashAdapters, leaseMs: number): Promise<Woltage> => createWoltage({
    eventStore, internalStore: store, stores: {main: store}, eventClasses: [Ticked], aggregates: [counter], projectorClasses: [CounterProjector], readModelClasses: [Counters],
    projectionTuning: {...TUNING, leaseMs}
});

const AGGREGATES = 60;
const WORKERS = 12;
/** The longest pause of a worker between two commands. */
const PAUSE_MS = Number(process.env['WOLTAGE_CRASH_PAUSE_MS'] || 20);

/** Replays version after version and switches to each, under commands, for as long as it lives. */
export async function work(woltage: Woltage, tell: (line: string) => void, isOver: () => boolean = () => false): Promise<void> {
    await Promise.all([replay(woltage, tell, isOver), sendCommands(woltage, tell, isOver)]);
}

async function replay(woltage: Woltage, tell: (line: string) => void, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
        const active = woltage.getProjection('counter');
        const versions = Object.values(woltage.getProjections()).map(({version}) => version);
        // What another life has begun is gone on with.
        const newest = Math.max(0, ...versions);
        const next = active?.version === newest ? newest + 1 : Math.max(newest, 1);
        await woltage.addProjection('counter', next, 'CounterProjector', 1, 'main');
        await woltage.getProjection('counter', next)?.untilLive();
        await woltage.setProjectionActive('counter', next);
        tell(`switched ${next}`);
        for (const version of versions.filter(version => version !== next))
            await woltage.removeProjection('counter', version, {deleteData: true});
    }
}

async function sendCommands(woltage: Woltage, tell: (line: string) => void, isOver: () => boolean): Promise<void> {
    await Promise.all(Array.from({length: WORKERS}, async (_, worker) => {
        for (let n = 0; !isOver(); n++) {
            // Each worker has aggregates of its own, so that there are no conflicts.
            const {events} = await woltage.executeCommand(tick, `c${worker + WORKERS * (n % (AGGREGATES / WORKERS))}`, {by: Math.floor(Math.random() * 9)});
            tell(`ack ${events[0]?.id}`);
            await new Promise(resolve => setTimeout(resolve, Math.random() * PAUSE_MS));
        }
    }));
}

/** Makes a history to replay. */
export async function fill(woltage: Woltage, events: number): Promise<void> {
    for (let left = events; left > 0; left -= AGGREGATES)
        await Promise.all(Array.from({length: Math.min(left, AGGREGATES)}, (_, n) => woltage.executeCommand(tick, `c${n}`, {by: (left + n) % 9})));
}

/** Waits until the active version has handled everything. @returns Its rows, and all events */
export async function settle(woltage: Woltage, eventStore: AdapterConfig<IEventStore>): Promise<{readonly ticks: Tick[]; readonly rows: CounterRows}> {
    const reader: IEventStore = new eventStore.adapter(...(eventStore.args ?? []) as never[]);
    await reader.connect();
    try {
        if (woltage.getProjection('counter') === undefined) {
            await woltage.addProjection('counter', 1, 'CounterProjector', 1, 'main');
            await woltage.setProjectionActive('counter', 1, true);
        }
        const after = await reader.getLatestPosition() ?? undefined;
        const rows = await woltage.executeQuery(Counters, 'all', {}, {}, {after, timeoutMs: 60_000});
        const ticks: Tick[] = [];
        for await (const {events, caughtUp} of reader.subscribe()) {
            ticks.push(...events.map(({id, aggregateId, payload}) => ({id, aggregateId, by: (payload as {by: number}).by})));
            if (caughtUp)
                break;
        }
        return {ticks, rows};
    } finally {
        await reader.close();
    }
}
