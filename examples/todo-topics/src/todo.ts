import {defineProjector, ReadModel, z} from 'woltage';
import {TodoCompleted, TodoRegistered} from './events.ts';
import {filter, type Filter} from './filter.ts';

const schema = {
    todos: {key: z.object({id: z.string()}), schema: z.object({title: z.string(), completed: z.boolean()}), indexes: [['title']]}
};

/** Todos in whatever store there is: handlers get a portable table. */
export const Todo = defineProjector('Todo', {schema, use: store => store.tables.todos})
    .on(TodoRegistered, ({payload: {id, title}}, table) => table.set({id, title, completed: false}))
    .on(TodoCompleted, (event, table) => table.update({id: event.payload.id}, {completed: true}));

export class Todos extends ReadModel<InstanceType<typeof Todo>> {
    projectionName = 'todo';
    schemaRegistry = {findOne: filter};

    findOne(wanted: Filter) {
        return this.store.tables.todos.findOne(wanted);
    }

    count() {
        return this.store.tables.todos.count();
    }
}
