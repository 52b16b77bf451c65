import {MongoDBTodo, MongoDBTodos} from './mongodb-todo.ts';
import {Todo, Todos} from './todo.ts';

/** The read model, in MongoDB or portable. Both have the same queries. */
export const readModelOf = (inMongoDB: boolean) => {
    const projector = inMongoDB ? MongoDBTodo : Todo;
    return {
        projectorClasses: [projector],
        readModelClass: inMongoDB ? MongoDBTodos : Todos,
        projections: [{name: 'todo', version: 1, projector, store: 'todos'}]
    };
};
