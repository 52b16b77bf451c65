import {ConflictError} from '../errors/index.ts';
import type {Event, EventData} from '../events/index.ts';
import type {AppendCondition, EventCriterion, IEventStore} from '../ports/index.ts';
import {encodeJson} from '../shared/json-codec.ts';
import {deriveUuid} from '../shared/uuid.ts';
import type {Aggregate} from './aggregate.ts';

/** A value that an aggregate is about to hold. */
export interface Claim {
    /** What the value is called, for messages. */
    readonly name: string;
    /** Carried by each event that claims this value. */
    readonly valueTag: string;
    /** Carried by each event that claims or gives up a value of this key for this aggregate. */
    readonly holderTag: string;
    readonly aggregateName: string;
    readonly aggregateId: string;
}

/** An event, and what it claims. */
export interface ClaimingEvent {
    readonly data: EventData;
    readonly claims: readonly Claim[];
}

/** No user's tag begins like this. */
const PREFIX = '$unique:';

export const holderTagOf = (aggregateName: string, key: string, aggregateId: string): Promise<string> => tag(`${aggregateName}.${key}@`, aggregateId);

async function tag(name: string, value: unknown): Promise<string> {
    // Hashed: tags are indexed as they are, and values may be personal.
    return `${PREFIX}${name}${await deriveUuid('', encodeJson(value))}`;
}

/** Tags an event with what it claims. Where the aggregate has no unique keys, that is nothing. */
export async function claimsOf({name, options: {uniqueKeys = {}}}: Aggregate, aggregateId: string, event: Event, data: EventData): Promise<ClaimingEvent> {
    const claims: Claim[] = [];
    const tags: string[] = [];
    for (const [key, valueOf] of Object.entries(uniqueKeys)) {
        const value = valueOf(event.payload, event);
        if (value === undefined)
            continue;
        const holderTag = await holderTagOf(name, key, aggregateId);
        tags.push(holderTag);
        if (value === null)
            continue;
        const valueTag = await tag(`${name}.${key}=`, value);
        tags.push(valueTag);
        claims.push({name: `${name}.${key}`, valueTag, holderTag, aggregateName: name, aggregateId});
    }
    return tags.length === 0 ? {data, claims} : {data: {...data, tags: [...data.tags, ...tags]}, claims};
}

/** The values that are held when all of the events are appended: of an aggregate's claims to a key, the last one counts. */
export function lastClaims(events: readonly ClaimingEvent[]): Claim[] {
    const byHolder = new Map<string, Claim>();
    for (const {claims} of events) {
        for (const claim of claims)
            byHolder.set(claim.holderTag, claim);
    }
    return [...byHolder.values()];
}

/** @throws ConflictError `UNIQUE_KEY_TAKEN` when two of the claims are for the same value */
export function checkAmongEachOther(claims: readonly Claim[]): void {
    const holders = new Map<string, string>();
    for (const claim of claims) {
        if ((holders.get(claim.valueTag) ?? claim.aggregateId) !== claim.aggregateId)
            throw taken(claim);
        holders.set(claim.valueTag, claim.aggregateId);
    }
}

export const taken = ({name, aggregateName}: Claim): ConflictError =>
    new ConflictError(`Another '${aggregateName}' holds this value of the unique key '${name}'.`, {code: 'UNIQUE_KEY_TAKEN', details: {key: name}});

/**
 * Makes sure that nobody else holds the values, as of now.
 *
 * @returns What must still be so when the events are appended
 * @throws ConflictError `UNIQUE_KEY_TAKEN`
 */
export async function checkClaims(eventStore: Required<Pick<IEventStore, 'query' | 'getLatestPosition'>>, claims: readonly Claim[]): Promise<AppendCondition> {
    // Before reading: what comes meanwhile is behind it, and fails the append.
    const after = await eventStore.getLatestPosition() ?? undefined;
    for (const claim of claims) {
        if (await isHeldByAnother(eventStore, claim))
            throw taken(claim);
    }
    return {query: claims.map(({valueTag}): EventCriterion => ({tags: [valueTag]})), after};
}

async function isHeldByAnother(eventStore: Required<Pick<IEventStore, 'query'>>, {valueTag, aggregateId}: Claim): Promise<boolean> {
    const others = new Map<string, string>();
    for await (const page of eventStore.query([{tags: [valueTag]}])) {
        for (const event of page) {
            const holderTag = holderTagBeside(event, valueTag);
            if (event.aggregateId !== aggregateId && holderTag !== undefined)
                others.set(event.aggregateId, holderTag);
        }
    }
    for (const holderTag of others.values()) {
        if (await holds(eventStore, holderTag, valueTag))
            return true;
    }
    return false;
}

/** Whether the last event with the holder's tag claims the value. */
async function holds(eventStore: Required<Pick<IEventStore, 'query'>>, holderTag: string, valueTag: string): Promise<boolean> {
    let last: EventData | undefined;
    for await (const page of eventStore.query([{tags: [holderTag]}]))
        last = page.at(-1) ?? last;
    return last?.tags.includes(valueTag) === true;
}

/** The tag of the holder who claims the value: it stands right in front of the value's. */
const holderTagBeside = ({tags}: EventData, valueTag: string): string | undefined => tags[tags.indexOf(valueTag) - 1];
