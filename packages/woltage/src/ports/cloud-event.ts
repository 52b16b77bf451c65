import {BadRequestError} from '../errors/index.ts';
import type {RecordedEvent} from '../events/recorded-event.ts';
import type {JsonValue} from '../shared/json-codec.ts';
import type {RecordedMessage, TopicMessage} from './message-broker.ts';

const JSON_TYPE = 'application/json';
/** RFC 3339 has four digits for the year. */
const RFC_3339 = /^\d{4}-/;

/**
 * An event as a message: CloudEvents 1.0 in the binary mode of its Kafka binding. The value is the payload's JSON as it is recorded (`decodeJson` reads what is beyond JSON), the key the aggregate's id; all
 * the rest stands in headers, and {@link fromCloudEvent} makes the very same record of it.
 */
export function toCloudEvent(topic: string, event: RecordedEvent): TopicMessage {
    const {id, type, version, timestamp, payload, meta, correlationId, causationId, tags, aggregateName, aggregateId, revision, position} = event;
    return {
        topic, key: aggregateId, value: JSON.stringify(payload),
        headers: {
            'content-type': JSON_TYPE,
            ce_specversion: '1.0',
            ce_id: id,
            ce_type: type,
            ce_source: `/aggregates/${encodeURIComponent(aggregateName)}`,
            ...timeHeaders(timestamp),
            ce_subject: aggregateId,
            ce_woltageaggregate: aggregateName,
            ce_woltageversion: String(version),
            ce_woltagerevision: String(revision),
            ce_woltageposition: String(position),
            ce_correlationid: correlationId,
            ...causationId !== null && {ce_causationid: causationId},
            ...tags.length > 0 && {ce_woltagetags: JSON.stringify(tags)},
            ...!isEmpty(meta) && {ce_woltagemeta: JSON.stringify(meta)}
        }
    };
}

const isEmpty = (meta: JsonValue): boolean => typeof meta === 'object' && meta !== null && !Array.isArray(meta) && Object.keys(meta).length === 0;

function timeHeaders(timestamp: number): Record<string, string> {
    const date = new Date(timestamp);
    const time = Number.isNaN(date.getTime()) ? '' : date.toISOString();
    return {...RFC_3339.test(time) && {ce_time: time}, ...(date.getTime() !== timestamp || !RFC_3339.test(time)) && {ce_woltagetimestamp: String(timestamp)}};
}

/** The position of the event that a message holds, as far as it is one of {@link toCloudEvent}. */
export function cloudEventPosition({headers}: Pick<RecordedMessage, 'headers'>): bigint | undefined {
    const text = own(headers, 'ce_woltageposition');
    return text !== undefined && DIGITS.test(text) ? BigInt(text) : undefined;
}

/**
 * The event that a message of {@link toCloudEvent} holds. Where its correlation id is empty, it is the event's own id.
 *
 * @throws BadRequestError `INVALID_CLOUD_EVENT` for any other, which names the topic, the partition and the offset, and what is wrong
 */
export function fromCloudEvent(message: RecordedMessage): RecordedEvent {
    const {topic, partition, offset, headers, value} = message;
    const invalid = (why: string, cause?: unknown): BadRequestError => new BadRequestError(`The message at ${topic}/${partition}@${offset} is no event of a Woltage publication: ${why}.`,
        {code: 'INVALID_CLOUD_EVENT', details: {topic, partition, offset: String(offset)}, cause});
    const read = new HeaderReader(headers, invalid);
    if (read.text('ce_specversion') !== '1.0')
        throw invalid('its \'ce_specversion\' is not 1.0');
    if (!/^application\/json\s*(;|$)/i.test(read.text('content-type')))
        throw invalid(`its 'content-type' is not ${JSON_TYPE}`);
    if (value === null)
        throw invalid('it has no value');
    return {
        id: read.text('ce_id'), type: read.text('ce_type'), version: read.count('ce_woltageversion'), timestamp: read.time(),
        payload: read.json('its value', decodeUtf8(value, invalid)),
        meta: read.meta(), correlationId: read.correlationId(), causationId: own(headers, 'ce_causationid') ?? null, tags: read.tags(),
        aggregateName: read.text('ce_woltageaggregate'), aggregateId: read.text('ce_subject'), revision: read.bigint('ce_woltagerevision'), position: read.bigint('ce_woltageposition')
    };
}

type Invalid = (why: string, cause?: unknown) => BadRequestError;
type Headers = Readonly<Record<string, string>>;

const DIGITS = /^\d{1,30}$/;
const own = (headers: Headers, name: string): string | undefined => Object.hasOwn(headers, name) ? headers[name] : undefined;

function decodeUtf8(value: Uint8Array, invalid: Invalid): string {
    try {
        return new TextDecoder('utf-8', {fatal: true}).decode(value);
    } catch (error) {
        throw invalid('its value is not UTF-8', error);
    }
}

class HeaderReader {
    readonly #headers: Headers;
    readonly #invalid: Invalid;

    constructor(headers: Headers, invalid: Invalid) {
        this.#headers = headers;
        this.#invalid = invalid;
    }

    text(name: string): string {
        const text = own(this.#headers, name);
        if (text === undefined || text === '')
            throw this.#invalid(`it has no header '${name}'`);
        return text;
    }

    correlationId(): string {
        return own(this.#headers, 'ce_correlationid') === '' ? this.text('ce_id') : this.text('ce_correlationid');
    }

    bigint(name: string): bigint {
        const text = this.text(name);
        if (!DIGITS.test(text))
            throw this.#invalid(`its '${name}' is no whole number`);
        return BigInt(text);
    }

    count(name: string): number {
        const count = Number(this.bigint(name));
        if (!Number.isSafeInteger(count))
            throw this.#invalid(`its '${name}' is too large`);
        return count;
    }

    time(): number {
        const exact = own(this.#headers, 'ce_woltagetimestamp');
        const ms = exact === undefined ? Date.parse(this.text('ce_time')) : exact === '' ? NaN : Number(exact);
        if (Number.isNaN(ms))
            throw this.#invalid(`its '${exact === undefined ? 'ce_time' : 'ce_woltagetimestamp'}' is no time`);
        return ms;
    }

    meta(): JsonValue {
        const meta = this.optionalJson('ce_woltagemeta');
        // Not `??`: null is one.
        return meta === undefined ? {} : meta;
    }

    tags(): readonly string[] {
        const tags = this.optionalJson('ce_woltagetags') ?? [];
        if (!Array.isArray(tags) || !tags.every(tag => typeof tag === 'string'))
            throw this.#invalid('its \'ce_woltagetags\' is no list of texts');
        return tags;
    }

    optionalJson(name: string): JsonValue | undefined {
        const text = own(this.#headers, name);
        return text === undefined ? undefined : this.json(`its '${name}'`, text);
    }

    json(what: string, text: string): JsonValue {
        try {
            return JSON.parse(text) as JsonValue;
        } catch (error) {
            throw this.#invalid(`${what} is no JSON`, error);
        }
    }
}
