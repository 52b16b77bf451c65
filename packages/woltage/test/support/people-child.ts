/* node --import tsx people-child.ts <folder> <mode> <name> <count> */
import {join} from 'node:path';
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {SQLiteStore} from '@woltage/store-sqlite';
import {workOnPeople} from '../../../../test/personal/people-child.ts';

const [folder = '', ...args] = process.argv.slice(2);
await workOnPeople({
    eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events', 'events.db')}]}, store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]}
}, args);
