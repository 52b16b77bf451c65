import type {MongoDBStore} from '@woltage/store-mongodb';
import {defineProjector, ReadModel, z} from 'woltage';
import {TodoCompleted, TodoRegistered} from './events.ts';
import {filter, type Filter} from './filter.ts';

const schema = {
    todos: {key: z.object({id: z.string()}), schema: z.object({title: z.string(), completed: z.boolean()})}
};

/** Todos as MongoDB holds them: handlers get the table, with the methods of the driver's collection; a whole row needs no filter beside it. */
export const MongoDBTodo = defineProjector('MongoDBTodo', {schema, use: (store: MongoDBStore<typeof schema>) => store.tables.todos})
    .on(TodoRegistered, async ({payload: {id, title}}, col) => {
        // Not insertOne: after a crash, an event may be handled again.
        await col.replaceOne({id, title, completed: false}, {upsert: true});
    })
    .on(TodoCompleted, async (event, col) => {
        await col.updateOne({id: event.payload.id}, {$set: {completed: true}});
    });

/** Asks the driver's `Collection`. */
export class MongoDBTodos extends ReadModel<InstanceType<typeof MongoDBTodo>> {
    projectionName = 'mongodb-todo';
    schemaRegistry = {findOne: filter};

    findOne(wanted: Filter) {
        return this.store.native(({collection}) => collection('todos').findOne(wanted, {projection: {_id: 0, id: 1, title: 1, completed: 1}}));
    }

    count() {
        return this.store.native(({collection}) => collection('todos').countDocuments());
    }
}
