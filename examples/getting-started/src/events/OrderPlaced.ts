import {Event, z} from 'woltage';

const schema = z.object({
    customer: z.email(),
    items: z.array(z.object({sku: z.string(), quantity: z.int().min(1), price: z.number()})).min(1)
});

export default class OrderPlaced extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}
