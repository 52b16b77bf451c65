import {defineProjector, ReadModel, z} from 'woltage';
import {DocumentAnalysisFailed, DocumentAnalyzed, DocumentCreated} from './events.ts';

const schema = {
    documents: {
        key: z.object({id: z.string()}),
        schema: z.object({
            url: z.string(), key: z.string(), contentType: z.string(), bytes: z.number(), createdAt: z.number(),
            status: z.enum(['created', 'analyzed', 'failed']),
            expenseId: z.string().optional(),
            /** Why it is no expense, or what went wrong. */
            reason: z.string().optional()
        }),
        indexes: [['createdAt']]
    }
};

export const DocumentProjector = defineProjector('DocumentProjector', {schema, use: store => store.tables.documents})
    .on(DocumentCreated, ({aggregateId: id, payload, timestamp}, documents) => documents.set({id, ...payload, createdAt: timestamp, status: 'created'}))
    .on(DocumentAnalyzed, ({aggregateId: id, payload: {isExpense: _, ...rest}}, documents) => documents.update({id}, {...rest, status: 'analyzed'}))
    .on(DocumentAnalysisFailed, ({aggregateId: id, payload: {error}}, documents) => documents.update({id}, {reason: error, status: 'failed'}));

export class Documents extends ReadModel<InstanceType<typeof DocumentProjector>> {
    projectionName = 'document';
    schemaRegistry = {byId: z.object({id: z.string()}), latest: z.object({limit: z.coerce.number().int().min(1).max(100).default(20)})};

    byId({id}: {id: string}) {
        return this.store.tables.documents.get({id});
    }

    latest({limit}: {limit: number}) {
        return this.store.tables.documents.find({}, {sort: {createdAt: 'desc'}, limit});
    }
}
