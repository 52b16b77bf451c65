import {MongoDBTodo, MongoDBTodos} from './mongodb-todo.ts';
import {Todo, Todos} from './todo.ts';

/** The read model, in MongoDB or portable. Both have the same queries; each is a projection of its own, so that the same data can have both, in turns. */
export const readModelOf = (inMongoDB: boolean) => {
    const projector = inMongoDB ? MongoDBTodo : Todo;
    const projectionName = inMongoDB ? 'mongodb-todo' : 'todo';
    return {
        projectorClasses: [projector],
        readModelClass: inMongoDB ? MongoDBTodos : Todos,
        projectionName,
        projections: [{name: projectionName, version: 1, projector, store: 'todos'}]
    };
};
