import {createRouter} from '@woltage/express';
import express, {type Express} from 'express';
import {Action, Aggregate, ConflictError, defineEvent, onEvent, onHttp, onMessage, onSchedule, z, type Woltage} from 'woltage';

export const OrderPlaced = defineEvent('OrderPlaced', {schema: z.object({email: z.email(), productId: z.string()})});
export const ConfirmationSent = defineEvent('ConfirmationSent', {schema: z.object({email: z.string()})});
export const ConfirmationFailed = defineEvent('ConfirmationFailed', {schema: z.object({reason: z.string()})});
export const StockCounted = defineEvent('StockCounted', {schema: z.object({left: z.number()})});
export const ReportWritten = defineEvent('ReportWritten', {schema: z.object({day: z.string()})});

export const order = Aggregate.create('order', {$init: () => ({isConfirmed: false})})
    .on(ConfirmationSent, state => ({...state, isConfirmed: true}));
export const placeOrder = order.registerCommand(OrderPlaced.schema, (_state, payload) => new OrderPlaced({payload}), 'place');
export const noteConfirmation = order.registerCommand(ConfirmationSent.schema, ({isConfirmed}, payload) => {
    if (isConfirmed)
        throw new ConflictError('It has been confirmed.', {code: 'CONFIRMED'});
    return new ConfirmationSent({payload});
}, 'noteConfirmation');

export const product = Aggregate.create('product', {$init: () => ({left: 0})}).on(StockCounted, (_state, {payload}) => payload);
export const countStock = product.registerCommand(StockCounted.schema, (_state, payload) => new StockCounted({payload}), 'countStock');

export const report = Aggregate.create('report', {$init: () => ({})});
export const writeReport = report.registerCommand(ReportWritten.schema, (_state, payload) => new ReportWritten({payload}), 'write');

/** What actions work with beside Woltage: the same in production and in tests, where fakes take their places. */
export interface Services {
    readonly mailer: {send(to: string, subject: string, idempotencyKey: string): Promise<void>};
}

const {create} = Action.with<Services>();

export const confirm = create('confirm', {
    on: onEvent(OrderPlaced),
    retry: {maxAttempts: 5, backoffMs: 10_000},
    async handler({email}, {event, run, services, idempotencyKey}) {
        await services.mailer.send(email, `Your order ${event.aggregateId}`, idempotencyKey);
        await run(noteConfirmation, event.aggregateId, {email});
    },
    onFinalFailure: ({error}, {event}) => ({
        aggregateName: 'order',
        events: new ConfirmationFailed({aggregateId: event.aggregateId, payload: {reason: error.message}})
    })
});

export const takeStock = Action.create('takeStock', {
    on: onMessage('stock', {schema: z.object({productId: z.string(), left: z.number()})}),
    async handler({productId, left}, {run}) {
        await run(countStock, productId, {left});
    }
});

export const dailyReport = Action.create('dailyReport', {
    on: onSchedule('0 6 * * *', {timeZone: 'Europe/Berlin'}),
    async handler({scheduledFor}, {run, newId}) {
        await run(writeReport, newId(), {day: scheduledFor.toISOString().slice(0, 10)});
    }
});

export const importOrder = Action.create('importOrder', {
    on: onHttp('POST', '/shops/:shop/orders'),
    input: z.object({shop: z.string(), email: z.email(), productId: z.string()}),
    async handler({shop, email, productId}, {run, newId, publish}) {
        const orderId = newId();
        const {position} = await run(placeOrder, orderId, {email, productId});
        await publish('orders', {key: orderId, value: {shop, orderId}});
        return {orderId, position};
    }
});

export function serve(woltage: Woltage): Express {
    const app = express();
    app.use('/api', createRouter(woltage, {
        authorize: access => access.kind === 'action' && access.actionName === 'importOrder',
        context: req => ({userId: req.get('x-user')}),
        admin: req => req.get('x-user') === 'admin'
    }));
    return app;
}
