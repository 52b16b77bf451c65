import {Event, z} from 'woltage';

const item = z.object({sku: z.string(), quantity: z.int().min(1), price: z.number()});
const address = z.object({street: z.string(), houseNumber: z.string(), postalCode: z.string(), city: z.string()});
const schema = z.object({items: z.array(item).min(1), shippingAddress: address, billingAddress: address});

export default class OrderPlaced extends Event<typeof schema>
{
    static schema = schema;
    static version = 1;
}
