import createWoltage, {
    Action, Aggregate, defineEvent, MemoryBroker, type MemoryBrokerData, MemoryEventStore, MemoryStore, onMessage, Projector, publish, z, type Publication
} from 'woltage';

const order = z.object({product: z.string(), quantity: z.number().int(), email: z.email()});
export const OrderPlaced = defineEvent('OrderPlaced', {schema: order});
export const StockCounted = defineEvent('StockCounted', {schema: z.object({left: z.number().int()})});

const orders = Aggregate.create('order', {$init: () => ({})}).on(OrderPlaced, state => state);
export const placeOrder = orders.registerCommand(order, function placeOrder(_state, payload) {
    return new OrderPlaced({payload});
});
export const product = Aggregate.create('product', {$init: () => ({left: 0})}).on(StockCounted, (_state, {payload: {left}}) => ({left}));
const countStock = product.registerCommand(z.object({left: z.number().int()}), function countStock(_state, payload) {
    return new StockCounted({payload});
});

const takeInventory = Action.create('takeInventory', {
    on: onMessage('inventories', {schema: z.object({product: z.string(), left: z.number().int().min(0)})}),
    handler: async ({product: id, left}, {run}) => {
        await run(countStock, id, {left});
    }
});

const publications: readonly Publication[] = [{topic: 'orders', events: [OrderPlaced]}];

const schema = {orders: {key: z.object({id: z.string()}), schema: z.object({product: z.string()})}};

class OrderProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    async [OrderPlaced.identity]({aggregateId: id, payload}: InstanceType<typeof OrderPlaced>) {
        await this.store.tables.orders.set({id, product: payload.product});
        await publish('mails', {key: id, value: {template: 'thanks', email: payload.email}});
    }
}

/** A shop that tells other systems of its orders, and hears of inventories. */
export async function startShop(topics: MemoryBrokerData) {
    const store = {adapter: MemoryStore};
    return createWoltage({
        eventStore: {adapter: MemoryEventStore},
        messageBroker: {adapter: MemoryBroker, args: [topics]},
        publications,
        actions: [takeInventory],
        eventClasses: [OrderPlaced, StockCounted], aggregates: [orders, product], projectorClasses: [OrderProjector],
        internalStore: store, stores: {main: store},
        projections: [{name: 'order', version: 1, projector: OrderProjector, store: 'main'}]
    });
}
