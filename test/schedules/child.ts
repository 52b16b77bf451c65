import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import createWoltage, {Action, Aggregate, ConflictError, Decision, defineEvent, delay, onSchedule, scheduleCommand, z} from 'woltage';

/**
 * A process of its own that schedules commands and decisions, directly and from a handler, executes what is due, and has an action that ticks.
 *
 * Arguments: folder, the first number and the one after the last.
 */
const [, , folder, first, end] = process.argv;

const payload = z.object({n: z.number()});
const Noted = defineEvent('Noted', {schema: payload});
const Booked = defineEvent('Booked', {schema: payload, tags: ({n}) => [`booking:${n}`]});
const Placed = defineEvent('Placed', {schema: payload});
const Expired = defineEvent('Expired', {schema: payload});
const Ticked = defineEvent('Ticked', {schema: payload});

const inMs = (ms: number): Date => new Date(Date.now() + ms);
const notes = Aggregate.create('notes', {}, {retryOnConflict: 100});
const note = notes.registerCommand(payload, async (_state, input) => {
    await delay(Math.random() * 3);
    return new Noted({payload: input});
}, 'note');
const tick = notes.registerCommand(payload, (_state, input) => new Ticked({payload: input}), 'tick');
const order = Aggregate.create('order', {$init: () => ({placed: false, expired: false})})
    .on(Placed, state => ({...state, placed: true})).on(Expired, state => ({...state, expired: true}));
const place = order.registerCommand(payload, async ({placed}, input, {aggregateId}) => {
    if (placed)
        throw new ConflictError('It is placed.');
    await scheduleCommand(inMs(Math.random() * 100 - 20), expire, aggregateId, input);
    return new Placed({payload: input});
}, 'place');
const expire = order.registerCommand(payload, ({placed, expired}, input) => {
    if (expired)
        throw new ConflictError('It has expired.');
    return placed ? new Expired({payload: input}) : undefined;
}, 'expire');
const book = Decision.create('book', {
    input: payload, query: ({n}) => ({tags: [`booking:${n}`]}), init: {bookings: 0},
    decide({bookings}, input) {
        if (bookings > 0)
            throw new ConflictError('It has been booked.');
        return new Booked({payload: input});
    }
}).on(Booked, ({bookings}) => ({bookings: bookings + 1}));
const ticking = Action.create('ticking', {
    on: onSchedule({everyMs: 100}, {missed: 'all'}), retry: {maxAttempts: 1000, backoffMs: 5, maxBackoffMs: 50},
    handler: async ({scheduledFor}, {run}) => {
        await run(tick, `t${Math.floor(scheduledFor.getTime() / 100) % 5}`, {n: scheduledFor.getTime()});
    }
});

const woltage = await createWoltage({
    eventStore: {adapter: SQLiteEventStore, args: [{path: `${folder}/events.db`}]}, internalStore: {adapter: SQLiteStore, args: [{path: `${folder}/store.db`}]},
    eventClasses: [Noted, Booked, Placed, Expired, Ticked], aggregates: [notes, order], decisions: [book], projectorClasses: [], actions: [ticking]
});
console.log(JSON.stringify({started: true}));
for (let n = Number(first); n < Number(end); n++) {
    await woltage.scheduleCommand(inMs(Math.random() * 200), note, `n${n % 7}`, {n});
    await woltage.scheduleCommand(inMs(Math.random() * 200), book, {n});
    await woltage.executeCommand(place, `o${n}`, {n});
    console.log(JSON.stringify({done: n}));
}
// Until it is killed.
await delay(2 ** 31 - 1);
