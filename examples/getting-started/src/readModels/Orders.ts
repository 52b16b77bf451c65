import {ReadModel, z} from 'woltage';
import type OrderProjector from '../projectors/OrderProjector.v1.ts';

export default class Orders extends ReadModel<OrderProjector> {
    projectionName = 'order';

    schemaRegistry = {
        byId: z.object({id: z.string()}),
        byCustomer: z.object({customer: z.email()})
    };

    byId({id}: {id: string}) {
        return this.store.tables.orders.get({id});
    }

    byCustomer({customer}: {customer: string}) {
        return this.store.tables.orders.find({customer});
    }
}
