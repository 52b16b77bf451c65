import {Event, type EventClass} from 'woltage';
import {differences} from '../compare/differences.ts';
import {print, printEvent, toPrintable, type PrintableEvent} from '../compare/print.ts';
import {TestingError} from '../testing-error.ts';

/** An event as it is expected, whose payload no schema has looked at: it may hold matchers such as `expect.any(String)`. */
export class EventLike {
    readonly eventClass: EventClass;
    readonly payload: unknown;
    readonly meta: unknown;

    constructor(eventClass: EventClass, payload: unknown, meta: unknown) {
        this.eventClass = eventClass;
        this.payload = payload;
        this.meta = meta;
    }
}

/**
 * An expected event whose payload needn't be valid: for matchers of Vitest or Jest, or of your own (`{asymmetricMatch: value => ...}`), in place of what can't be known.
 *
 * @example
 * .then([eventLike(OrderPlaced, {orderId: expect.any(String), total: 9})])
 */
export const eventLike = (eventClass: EventClass, payload: unknown, meta?: unknown): EventLike => new EventLike(eventClass, payload, meta);

/** How an event can be expected: as it is (class, version and payload; meta where it has any; aggregate where it says which), by its class alone, or by {@link eventLike}. */
export type ExpectedEvent = Event | EventClass | EventLike;

export const isEventClass = (value: unknown): value is EventClass =>
    typeof value === 'function' && (value.prototype as unknown) instanceof Event;

/** @throws TestingError `TEST_INVALID` for what can't be expected */
export function toExpectedEvents(expected: unknown, where: string): readonly ExpectedEvent[] {
    const list: readonly unknown[] = Array.isArray(expected) ? expected : [expected];
    const wrong = list.findIndex(item => !(item instanceof Event || item instanceof EventLike || isEventClass(item)));
    if (wrong >= 0)
        throw new TestingError(`${where} takes events, event classes or eventLike(...), but its item ${wrong + 1} is ${print(list[wrong])}.`);
    return list as readonly ExpectedEvent[];
}

export const printExpected = (expected: ExpectedEvent): string => isEventClass(expected) ? `${expected.name} (any)` : printEvent(printableOf(expected));

function printableOf(expected: Event | EventLike): PrintableEvent {
    if (expected instanceof Event)
        return toPrintable(expected);
    const {eventClass, payload, meta} = expected;
    return {name: eventClass.name, version: eventClass.version, payload, meta};
}

const hasAny = (meta: unknown): boolean => typeof meta === 'object' && meta !== null && Object.keys(meta).length > 0;

/** Where an event differs from what is expected, a line each. */
export function eventDifferences(expected: ExpectedEvent, actual: Event): readonly string[] {
    const {type, version} = isEventClass(expected) ? expected : expected instanceof EventLike ? expected.eventClass : expected;
    if (type !== actual.type)
        return [`expected ${nameOf(expected)}, got ${actual.constructor.name}`];
    const ofVersion = version === actual.version ? [] : [`version: expected ${version}, got ${actual.version}`];
    if (isEventClass(expected))
        return ofVersion;
    return [
        ...ofVersion,
        ...differences(expected.payload, actual.payload, 'payload'),
        ...hasAny(expected.meta) ? differences(expected.meta, actual.meta, 'meta') : [],
        ...expected instanceof Event && expected.aggregateId !== '' ? differences(expected.aggregateId, actual.aggregateId, 'aggregateId') : []
    ];
}

const nameOf = (expected: ExpectedEvent): string =>
    isEventClass(expected) ? expected.name : expected instanceof EventLike ? expected.eventClass.name : expected.constructor.name;

/** Where lists of events differ, a line each, with the number of the event. */
export function listDifferences(expected: readonly ExpectedEvent[], actual: readonly Event[]): readonly string[] {
    const ofCount = expected.length === actual.length ? [] : [`expected ${count(expected.length)}, got ${actual.length}`];
    const ofEvents = expected.slice(0, actual.length).flatMap((event, i) => eventDifferences(event, actual[i] as Event)
        .map(line => `event ${i + 1}: ${line}`));
    return [...ofCount, ...ofEvents];
}

const count = (n: number): string => `${n} event${n === 1 ? '' : 's'}`;

/** Plain forms for a test runner's own difference; what isn't compared is as it came. */
export function plainEvents(expected: readonly ExpectedEvent[], actual: readonly Event[]): {readonly expected: unknown; readonly actual: unknown} {
    return {
        expected: expected.map((event, i) => plainExpected(event, actual[i])),
        actual: actual.map((event, i) => plainActual(event, expected[i]))
    };
}

function plainExpected(event: ExpectedEvent, actual: Event | undefined): object {
    if (isEventClass(event))
        return {event: event.name, version: event.version, ...actual?.type === event.type ? {payload: actual.payload} : {}};
    const {name, version, payload, meta} = printableOf(event);
    return {event: name, version, payload, ...hasAny(meta) ? {meta} : {}};
}

function plainActual(event: Event, expected: ExpectedEvent | undefined): object {
    const comparesMeta = expected !== undefined && !isEventClass(expected) && hasAny(expected.meta);
    return {event: event.constructor.name, version: event.version, payload: event.payload, ...comparesMeta ? {meta: event.meta} : {}};
}
