import {Event, z} from 'woltage';

const schema = z.object({
    company: z.enum(['FedEx', 'UPS', 'USPS', 'DHL']),
    trackingNumber: z.string().optional()
});

export default class OrderShipped extends Event<typeof schema> {
    static schema = schema;
    static version = 1;
}
