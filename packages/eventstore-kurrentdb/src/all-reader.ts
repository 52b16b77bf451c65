import {BACKWARDS, END, FORWARDS, START, type KurrentDBClient, type ReadAllOptions} from '@kurrent/kurrentdb-client';
import type {EventFilter} from 'woltage';
import type {Calls} from './calls.ts';
import {serverFilter} from './filters.ts';
import type {Settings} from './options.ts';
import type {LocatedEvent} from './records.ts';
import {gather} from './stream-reader.ts';
import type {StreamNames} from './stream-names.ts';

export interface AllPage {
    readonly events: readonly LocatedEvent[];
    /** Whether nothing that matches stands behind them. */
    readonly isLast: boolean;
    /** The position of the last event that was looked at, matching or not; `undefined` when there was none. */
    readonly scanned: bigint | undefined;
}

const READ_SIZE = 2000;
const LOOK_BACK = 50;
/** A read with a filter that matches little goes through much of the log before it answers. */
const SCAN_TIMEOUT_MS = 120_000;

/** Reads pages of all streams in the order of their positions. */
export class AllReader {
    readonly #client: KurrentDBClient;
    readonly #calls: Calls;
    readonly #names: StreamNames;
    readonly #settings: Settings;
    readonly #scanTimeoutMs: number;

    constructor(client: KurrentDBClient, calls: Calls, names: StreamNames, settings: Settings) {
        this.#client = client;
        this.#calls = calls;
        this.#names = names;
        this.#settings = settings;
        this.#scanTimeoutMs = Math.max(settings.timeoutMs, SCAN_TIMEOUT_MS);
    }

    /** Makes sure that the server is there, and may be read from. */
    async check(timeoutMs: number): Promise<void> {
        const {credentials} = this.#settings;
        await this.#calls.make(() => gather(this.#client.readAll({direction: BACKWARDS, fromPosition: END, maxCount: 1, ...credentials && {credentials}}), this.#names), timeoutMs);
    }

    /** The first events behind a position that match, up to `limit`. One more is looked for, to know whether they are the last. */
    async page(after: bigint | undefined, filter: EventFilter | undefined, limit: number): Promise<AllPage> {
        const matches = matcher(filter);
        const events: LocatedEvent[] = [];
        let scanned = after;
        while (events.length <= limit) {
            // Reads include the place where they start.
            const maxCount = Math.min(limit - events.length + (scanned === undefined ? 1 : 2), READ_SIZE);
            const read = await this.#read(FORWARDS, scanned, filter, maxCount);
            for (const event of read) {
                if (scanned !== undefined && event.position <= scanned)
                    continue;
                scanned = event.position;
                if (matches(event))
                    events.push(event);
            }
            if (read.length < maxCount)
                return events.length > limit ? {events: events.slice(0, limit), isLast: false, scanned} : {events, isLast: true, scanned};
        }
        return {events: events.slice(0, limit), isLast: false, scanned};
    }

    /** The position of the last event that matches; `null` when there is none. */
    async latest(filter: EventFilter | undefined): Promise<bigint | null> {
        if (filter?.types?.length === 0)
            return null;
        const matches = matcher(filter);
        let before: bigint | undefined;
        for (let maxCount = 1; ; maxCount = LOOK_BACK) {
            const read = await this.#read(BACKWARDS, before, filter, maxCount);
            const found = read.find(matches);
            if (found !== undefined || read.length < maxCount)
                return found?.position ?? null;
            before = read.at(-1)?.position;
        }
    }

    #read(direction: typeof FORWARDS | typeof BACKWARDS, from: bigint | undefined, filter: EventFilter | undefined, maxCount: number): Promise<LocatedEvent[]> {
        const {streamPrefix, credentials} = this.#settings;
        const fromPosition = from === undefined ? (direction === FORWARDS ? START : END) : {commit: from, prepare: from};
        const options: ReadAllOptions = {direction, fromPosition, maxCount, filter: serverFilter(streamPrefix, filter?.types), ...credentials && {credentials}};
        return this.#calls.make(() => gather(this.#client.readAll(options), this.#names), this.#scanTimeoutMs);
    }
}

/** Whether an event is one of an aggregate, and of a type that is asked for. */
export function matcher(filter: EventFilter | undefined): (event: LocatedEvent) => boolean {
    const types = filter?.types === undefined ? undefined : new Set(filter.types);
    return ({event, address}) => address !== undefined && types?.has(event.type) !== false && filter?.accepts?.(address.aggregateName, address.aggregateId) !== false;
}
