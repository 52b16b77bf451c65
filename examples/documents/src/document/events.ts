import {defineEvent, z} from 'woltage';

export const DocumentCreated = defineEvent('DocumentCreated', {
    schema: z.object({url: z.string(), key: z.string(), contentType: z.string(), bytes: z.int().min(0)})
});

export const DocumentAnalyzed = defineEvent('DocumentAnalyzed', {
    schema: z.union([
        z.object({isExpense: z.literal(true), expenseId: z.string()}),
        z.object({isExpense: z.literal(false), reason: z.string()})
    ])
});

export const DocumentAnalysisFailed = defineEvent('DocumentAnalysisFailed', {schema: z.object({error: z.string(), attempts: z.int()})});
