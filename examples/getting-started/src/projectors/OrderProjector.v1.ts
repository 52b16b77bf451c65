import {Projector, sideEffect, z} from 'woltage';
import OrderPlaced from '../events/OrderPlaced.ts';
import OrderShipped from '../events/OrderShipped.ts';
import {sendMail} from '../mailer.ts';

const confirmOrder = sideEffect((customer: string, id: string) => sendMail(customer, `Thank you for your order ${id}.`));

const schema = {
    orders: {
        key: z.object({id: z.string()}),
        schema: z.object({customer: z.string(), status: z.enum(['placed', 'shipped'])}),
        indexes: [['customer']]
    }
};

export default class OrderProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [OrderPlaced.identity](event: OrderPlaced) {
        const {customer} = event.payload;
        await this.store.tables.orders.set({id: event.aggregateId, customer, status: 'placed'});
        await confirmOrder(customer, event.aggregateId);
    }

    async [OrderShipped.identity](event: OrderShipped) {
        await this.store.tables.orders.update({id: event.aggregateId}, {status: 'shipped'});
    }
}
