import {isStreamId, placeEvent, placeRecorded, type Event, type EventData} from '../events/index.ts';
import type {AppendResult, StreamAppend} from '../ports/index.ts';
import type {CompiledDecision} from './compiled-decision.ts';
import type {EventStream} from './decision.ts';

/** Events with their records, on their way into one stream. */
interface Stream {
    readonly aggregateName: string;
    readonly aggregateId: string;
    readonly events: Event[];
    readonly data: EventData[];
}

/** The events of one decision, by the streams that they go to. */
export class EventStreams {
    readonly #compiled: CompiledDecision;
    readonly #input: unknown;
    readonly #streams = new Map<string, Stream>();

    constructor(compiled: CompiledDecision, input: unknown) {
        this.#compiled = compiled;
        this.#input = input;
    }

    /** @throws WoltageError `DECISION_STREAM` when nothing tells the event's stream */
    add(event: Event, data: EventData): void {
        const {aggregateName, aggregateId} = this.#nameOf(event, data);
        placeEvent(event, {aggregateId});
        const key = JSON.stringify([aggregateName, aggregateId]);
        const stream = this.#streams.get(key) ?? {aggregateName, aggregateId, events: [], data: []};
        stream.events.push(event);
        stream.data.push(data);
        this.#streams.set(key, stream);
    }

    appends(): readonly StreamAppend[] {
        return Array.from(this.#streams.values(), ({aggregateName, aggregateId, data}) => ({aggregateName, aggregateId, events: data}));
    }

    /** Tells the events where they stand. @returns The position of the last one */
    recorded(results: readonly AppendResult[]): bigint {
        let last = -1n;
        for (const [i, {events, data}] of [...this.#streams.values()].entries()) {
            const result = results[i] as AppendResult;
            placeRecorded(events, data, result);
            last = result.position > last ? result.position : last;
        }
        return last;
    }

    #nameOf(event: Event, {tags}: EventData): {readonly aggregateName: string; readonly aggregateId: string} {
        const {aggregate, id} = this.#compiled.decision.options.stream?.(event, this.#input) ?? streamOfTag(event, tags[0]);
        const aggregateName: unknown = typeof aggregate === 'object' ? aggregate.name : aggregate;
        const aggregateId: unknown = id;
        if (!isStreamId(aggregateName) || !isStreamId(aggregateId))
            throw this.#compiled.fail(`returned an event '${event.type}' that no stream can be told for. Give its class tags of which the first is like 'cart:42', `
                + 'or the decision a `stream: event => ({aggregate: \'cart\', id: ...})`.', 'DECISION_STREAM');
        return {aggregateName, aggregateId};
    }
}

/** What the first tag names; an id that the event has itself goes before. */
function streamOfTag({aggregateId}: Event, tag = ''): EventStream {
    const [, aggregate = '', id = ''] = /^([^:]*):?(.*)$/s.exec(tag) ?? [];
    return {aggregate, id: aggregateId === '' ? id : aggregateId};
}
