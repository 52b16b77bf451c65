/* node --import tsx child.ts <url> <schema> <mode> <name> <count> */
import {workOn} from '../../../../test/processes/event-store-child.ts';
import {PostgresEventStore} from '../../src/index.ts';

const [connectionString, schema, ...args] = process.argv.slice(2);
await workOn(new PostgresEventStore({connectionString, schema}), args);
