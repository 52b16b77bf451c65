import type {Topology} from './hello.ts';
import {InProcessMongoDB} from './mongodb-server.ts';

/** The tests' own server in a process of its own, until its input ends: `npx tsx main.ts [replicaSet | standalone | sharded]`. Tells its URL. */
const server = await InProcessMongoDB.start({topology: (process.argv[2] ?? 'replicaSet') as Topology});
console.log(server.url);
process.stdin.resume().on('end', () => process.exit());
