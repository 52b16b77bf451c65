import {
    Aggregate,
    z,
    DuplicateAggregateError,
    NotFoundError
} from 'woltage';
import OrderPlaced from './events/OrderPlaced.ts';
import OrderFulfilled from './events/OrderFulfilled.ts';

const itemSchema = z.object({
    sku: z.string(),
    quantity: z.int().min(1),
    price: z.number()
});

const addressSchema = z.object({
    street: z.string(),
    houseNumber: z.string(),
    postalCode: z.string(),
    city: z.string()
});

const orderAggregate = Aggregate.create('order', {
    $init() {
        return {
            placedAt: 0,
            items: [] as z.infer<typeof itemSchema>[],
            shippingAddress: {/* ... */},
            billingAddress: {/* ... */},
            shippingCompany: '',
            trackingNumber: null as string | null
        };
    },
    [OrderPlaced.identity](state, event: OrderPlaced) {
        return {
            ...state,
            ...event.payload,
            placedAt: event.timestamp
        };
    },
    [OrderFulfilled.identity](state, event: OrderFulfilled) {
        state.shippingCompany = event.payload.shippingCompany;
        if (event.payload.trackingNumber)
            state.trackingNumber = event.payload.trackingNumber;
        return state;
    }
});

export const placeOrder = orderAggregate.registerCommand(
    z.object({
        items: z.array(itemSchema).min(1),
        shippingAddress: addressSchema,
        billingAddress: addressSchema
    }),
    async function placeOrder(state, payload) {
        if (state.placedAt)
            throw new DuplicateAggregateError();
        // in this case the command payload is equal to the event payload
        return new OrderPlaced({
            payload
        });
    }
);

export const fulfillOrder = orderAggregate.registerCommand(
    z.object({
        shippingCompany: z.enum(['FedEx', 'UPS', 'USPS', 'DHL']),
        trackingNumber: z.string().optional()
    }),
    async function fulfillOrder(state, payload, context) {
        if (!state.placedAt)
            throw new NotFoundError(`Order ${context.aggregateId} not found.`);
        // in this case the command payload is equal to the event payload
        return new OrderFulfilled({
            payload
        });
    }
);

export default orderAggregate;
