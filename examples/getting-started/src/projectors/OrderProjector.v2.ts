import {Projector, sideEffect, z} from 'woltage';
import OrderPlaced from '../events/OrderPlaced.ts';
import OrderShipped from '../events/OrderShipped.ts';
import {sendMail} from '../mailer.ts';

const confirmOrder = sideEffect((customer: string, id: string, total: number) =>
    sendMail(customer, `Thank you for your order ${id} of ${total.toFixed(2)}.`));

const schema = {
    orders: {
        key: z.object({id: z.string()}),
        schema: z.object({
            customer: z.string(),
            status: z.enum(['placed', 'shipped']),
            // New in version 2; the replay computes it for all orders that there ever were.
            total: z.number()
        }),
        indexes: [['customer']]
    }
};

export default class OrderProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 2;

    async [OrderPlaced.identity](event: OrderPlaced) {
        const {customer, items} = event.payload;
        const total = items.reduce((sum, {quantity, price}) => sum + quantity * price, 0);
        await this.store.tables.orders.set({id: event.aggregateId, customer, status: 'placed', total});
        await confirmOrder(customer, event.aggregateId, total);
    }

    async [OrderShipped.identity](event: OrderShipped) {
        await this.store.tables.orders.update({id: event.aggregateId}, {status: 'shipped'});
    }
}
