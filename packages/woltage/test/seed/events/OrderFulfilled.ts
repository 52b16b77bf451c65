import {z} from 'woltage';
import Event from './event.ts';

const schema = z.object({
    shippingCompany: z.enum(['FedEx', 'UPS', 'USPS', 'DHL']),
    trackingNumber: z.string().optional()
});

export default class OrderFulfilled extends Event<typeof schema>
{
    static schema = schema;
    static version = 1;
}
