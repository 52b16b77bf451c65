/* node --import tsx people-child.ts <url> <schema> <mode> <name> <count> */
import {PostgresStore} from '@woltage/store-postgres';
import {workOnPeople} from '../../../../test/personal/people-child.ts';
import {PostgresEventStore} from '../../src/index.ts';

const [connectionString, schema, ...args] = process.argv.slice(2);
const options = {connectionString, schema};
await workOnPeople({eventStore: {adapter: PostgresEventStore, args: [options]}, store: {adapter: PostgresStore, args: [options]}}, args);
