import type {EventData, JsonValue} from 'woltage';

type JsonObject = {readonly [key: string]: JsonValue};

/** What KurrentDB has no place for in an event itself. */
export type EventContext = Pick<EventData, 'version' | 'timestamp' | 'meta' | 'correlationId' | 'causationId' | 'tags'> & {
    /** Whether the event ends its stream for good. */
    readonly isTombstone?: boolean;
};

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
const isEmpty = (value: JsonValue): boolean => isObject(value) && Object.keys(value).length === 0;

/**
 * The metadata of an event, laid out so that other clients read it: `$correlationId` and `$causationId` are KurrentDB's own conventions,
 * `meta` is what the application gave, `woltage` the rest.
 */
export function toMetadata({version, timestamp, meta, correlationId, causationId, tags, isTombstone}: EventContext): JsonObject {
    return {
        $correlationId: correlationId,
        ...causationId === null ? {} : {$causationId: causationId},
        woltage: {version, timestamp, ...tags.length === 0 ? {} : {tags}, ...isTombstone === true ? {tombstone: true} : {}},
        ...isEmpty(meta) ? {} : {meta}
    };
}

/** The same where the server takes nothing but text: objects are JSON text, and what UTF-8 can't hold is in there once more. */
export function toTextMetadata(context: EventContext): Record<string, string> {
    const {woltage, meta} = toMetadata(context);
    const {correlationId, causationId} = context;
    const unfit = Object.fromEntries(Object.entries({correlationId, causationId}).filter(([, id]) => /\p{Surrogate}/u.test(id ?? '')));
    return {
        $correlationId: correlationId,
        ...causationId === null ? {} : {$causationId: causationId},
        woltage: JSON.stringify({...woltage as JsonObject, ...unfit}),
        ...meta === undefined ? {} : {meta: JSON.stringify(meta)}
    };
}

/** What an event's metadata tells. Where it is none of Woltage's, the rest is by default: version 1, the server's time, the event as its own correlation. */
export function fromMetadata(metadata: unknown, id: string, created: Date): EventContext {
    const all = isObject(metadata) ? metadata : {};
    const {$correlationId, $causationId, ...others} = all;
    const isText = typeof all['woltage'] === 'string';
    const own = isText ? parse(all['woltage'] as string) : all['woltage'];
    if (!isOurs(own))
        return {version: 1, timestamp: created.getTime(), tags: [], meta: others, correlationId: textOr(id, $correlationId), causationId: textOr(null, $causationId)};
    const {version, timestamp, tags = []} = own;
    return {
        version, timestamp, tags, meta: ownMeta(all['meta'], isText),
        correlationId: textOr(id, own.correlationId, $correlationId), causationId: textOr(null, own.causationId, $causationId)
    };
}

/** Whether the metadata is that of an event that has ended its stream. */
export const isTombstone = (metadata: unknown): boolean => {
    const own = isObject(metadata) ? metadata['woltage'] : undefined;
    return isObject(own) && own['tombstone'] === true;
};

type Own = Pick<EventContext, 'version' | 'timestamp'> & Partial<EventContext>;

const isOurs = (own: unknown): own is Own => isObject(own) && Number.isInteger(own['version']) && typeof own['timestamp'] === 'number';

const textOr = <Otherwise>(otherwise: Otherwise, ...values: readonly unknown[]): string | Otherwise =>
    values.find(value => typeof value === 'string') ?? otherwise;

const ownMeta = (meta: JsonValue | undefined, isText: boolean): JsonValue =>
    meta === undefined ? {} : isText && typeof meta === 'string' ? parse(meta) ?? {} : meta;

function parse(text: string): JsonValue | undefined {
    try {
        return JSON.parse(text) as JsonValue;
    } catch {
        return undefined;
    }
}
