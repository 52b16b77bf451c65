import {defineProjector, ReadModel, z} from 'woltage';
import {ExpenseCreated} from './events.ts';

const schema = {
    expenses: {
        key: z.object({id: z.string()}),
        schema: ExpenseCreated.schema,
        indexes: [['documentId'], ['vendor']]
    }
};

export const ExpenseProjector = defineProjector('ExpenseProjector', {schema, use: store => store.tables.expenses})
    .on(ExpenseCreated, ({aggregateId: id, payload}, expenses) => expenses.set({id, ...payload}));

export class Expenses extends ReadModel<InstanceType<typeof ExpenseProjector>> {
    projectionName = 'expense';
    schemaRegistry = {byDocument: z.object({documentId: z.string()}), byVendor: z.object({vendor: z.string()})};

    byDocument({documentId}: {documentId: string}) {
        return this.store.tables.expenses.findOne({documentId});
    }

    byVendor({vendor}: {vendor: string}) {
        return this.store.tables.expenses.find({vendor}, {sort: {date: 'asc'}});
    }
}
