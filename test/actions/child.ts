import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import createWoltage, {Action, Aggregate, ConflictError, Decision, defineEvent, delay, onEvent, z} from 'woltage';

/**
 * A process of its own that places orders, and whose action ships, books and bills each of them, failing now and then before, between and after.
 *
 * Arguments: folder, the first order and the one after the last.
 */
const [, , folder, first, end] = process.argv;

const Placed = defineEvent('OrderPlaced', {schema: z.object({n: z.number()})});
const Shipped = defineEvent('OrderShipped', {schema: z.object({n: z.number()})});
const Booked = defineEvent('OrderBooked', {schema: z.object({n: z.number()}), tags: ({n}) => [`booking:${n}`]});
const Billed = defineEvent('OrderBilled', {schema: z.object({n: z.number()})});
const payload = z.object({n: z.number()});

const order = Aggregate.create('order', {}, {retryOnConflict: 50});
const place = order.registerCommand(payload, (_state, input, {aggregateVersion}) => aggregateVersion === 0 ? new Placed({payload: input}) : undefined, 'place');
const shipment = Aggregate.create('shipment', {$init: () => ({shipped: false})}).on(Shipped, () => ({shipped: true}));
const ship = shipment.registerCommand(payload, ({shipped}, input) => {
    if (shipped)
        throw new ConflictError('It has been shipped.');
    return new Shipped({payload: input});
}, 'ship');
const bill = Aggregate.create('bill', {});
const writeBill = bill.registerCommand(payload, (_state, input) => new Billed({payload: input}), 'write');
const book = Decision.create('book', {
    input: payload, query: ({n}) => ({tags: [`booking:${n}`]}), init: {bookings: 0},
    decide({bookings}, input) {
        if (bookings > 0)
            throw new ConflictError('It has been booked.');
        return new Booked({payload: input});
    }
}).on(Booked, ({bookings}) => ({bookings: bookings + 1}));

async function trip(): Promise<void> {
    await delay(Math.random() * 4);
    if (Math.random() < 0.15)
        throw new Error('The network');
}

const fulfil = Action.create('fulfil', {
    on: onEvent(Placed, {from: 'start'}), retry: {maxAttempts: 1000, backoffMs: 5, maxBackoffMs: 50},
    async handler(input, {run}) {
        await trip();
        await run(ship, `shipment-${input.n}`, input);
        await trip();
        await run(book, input);
        await trip();
        // A made-up id, as many would write it.
        await run(writeBill, crypto.randomUUID(), input);
        await trip();
        console.log(JSON.stringify({done: input.n}));
    }
});

const woltage = await createWoltage({
    eventStore: {adapter: SQLiteEventStore, args: [{path: `${folder}/events.db`}]}, internalStore: {adapter: SQLiteStore, args: [{path: `${folder}/store.db`}]},
    eventClasses: [Placed, Shipped, Booked, Billed], aggregates: [order, shipment, bill], decisions: [book], projectorClasses: [], actions: [fulfil]
});
for (let n = Number(first); n < Number(end); n++) {
    await woltage.executeCommand(place, `order-${n}`, {n});
    await delay(1);
}
