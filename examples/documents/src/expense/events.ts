import {defineEvent, z} from 'woltage';

export const ExpenseCreated = defineEvent('ExpenseCreated', {
    schema: z.object({
        documentId: z.string(),
        amount: z.number().positive(),
        currency: z.string().regex(/^[A-Z]{3}$/),
        date: z.iso.date(),
        vendor: z.string().min(1)
    })
});
