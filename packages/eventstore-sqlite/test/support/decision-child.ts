/* node --import tsx decision-child.ts <path> <name> <count> */
import {decideOn} from '../../../../test/decisions/decision-suite.ts';
import {SQLiteEventStore} from '../../src/index.ts';

const [path = '', ...args] = process.argv.slice(2);
await decideOn({adapter: SQLiteEventStore, args: [{path}]}, args);
