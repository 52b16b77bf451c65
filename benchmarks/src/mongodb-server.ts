import {InProcessMongoDB} from '../../packages/store-mongodb/test/server/mongodb-server.ts';

/** The tests' own server, in a process of its own, until its input ends. */
const server = await InProcessMongoDB.start();
console.log(server.url);
process.stdin.resume().on('end', () => process.exit());
