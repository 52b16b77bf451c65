import {Action, Aggregate, cancelScheduled, ConflictError, defineEvent, onSchedule, scheduleCommand, z} from 'woltage';

export const Reserved = defineEvent('SeatReserved', {schema: z.object({seat: z.string()})});
export const Paid = defineEvent('SeatPaid', {schema: z.object({})});
export const Expired = defineEvent('ReservationExpired', {schema: z.object({})});
export const Counted = defineEvent('DayCounted', {schema: z.object({day: z.string()})});

export const reservation = Aggregate.create('reservation', {$init: () => ({status: 'none'})})
    .on(Reserved, () => ({status: 'reserved'}))
    .on(Paid, () => ({status: 'paid'}))
    .on(Expired, () => ({status: 'expired'}));

const QUARTER_MS = 15 * 60_000;

export const expire = reservation.registerCommand(z.object({}), ({status}) => status === 'reserved' ? new Expired({payload: {}}) : undefined, 'expire');

export const reserve = reservation.registerCommand(z.object({seat: z.string(), now: z.date()}), async ({status}, {seat, now}, {aggregateId}) => {
    if (status !== 'none')
        throw new ConflictError('It is reserved.');
    await scheduleCommand(new Date(now.getTime() + QUARTER_MS), expire, aggregateId, {}, {}, {id: `expire-${aggregateId}`});
    return new Reserved({payload: {seat}});
}, 'reserve');

export const pay = reservation.registerCommand(z.object({}), async ({status}, _payload, {aggregateId}) => {
    if (status !== 'reserved')
        throw new ConflictError('Nothing is reserved.');
    await cancelScheduled(`expire-${aggregateId}`);
    return new Paid({payload: {}});
}, 'pay');

export const days = Aggregate.create('days');
export const count = days.registerCommand(z.object({day: z.string()}), (_state, payload) => new Counted({payload}), 'count');

export const closing = Action.create('closing', {
    on: onSchedule('0 22 * * *', {timeZone: 'Europe/Berlin', missed: 'all'}),
    async handler({scheduledFor}, {run}) {
        const day = scheduledFor.toISOString().slice(0, 10);
        await run(count, day, {day});
    }
});
