import {randomUUID} from 'node:crypto';
import {parseArgs} from 'node:util';
import {TodoCompleted, TodoRegistered} from './events.ts';
import {modeOf, settingsOf} from './settings.ts';
import {openTodos} from './todos.ts';

const {values} = parseArgs({options: {memory: {type: 'boolean'}, file: {type: 'boolean'}, kafka: {type: 'boolean'}}});
const {produce, find, count, stop} = await openTodos(await settingsOf(modeOf(values), process.env));

const id = randomUUID();
const registered = await produce(new TodoRegistered({aggregateId: id, payload: {id, title: 'Get Milk'}}));
console.log('registered', JSON.stringify(await find({title: 'Get Milk', completed: false}, registered)));

const completed = await produce(new TodoCompleted({aggregateId: id, payload: {id}}));
console.log('completed ', JSON.stringify(await find({id}, completed)));

console.log('todos so far:', await count());
await stop();
