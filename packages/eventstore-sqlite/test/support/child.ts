/* node --import tsx child.ts <path> <mode> <name> <count> */
import {workOn} from '../../../../test/processes/event-store-child.ts';
import {SQLiteEventStore} from '../../src/index.ts';

const [path = '', ...args] = process.argv.slice(2);
await workOn(new SQLiteEventStore({path, pollIntervalMs: 5}), args);
