/* node --import tsx decision-child.ts <url> <schema> <name> <count> */
import {decideOn} from '../../../../test/decisions/decision-suite.ts';
import {PostgresEventStore} from '../../src/index.ts';

const [connectionString, schema, ...args] = process.argv.slice(2);
await decideOn({adapter: PostgresEventStore, args: [{connectionString, schema}]}, args);
