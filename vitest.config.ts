import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import {configDefaults, defineConfig} from 'vitest/config';

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

/** Servers killed, cut off and away for a while, processes that are killed, and failures at every step: `npm run test:faults`. */
export const FAULTS = [
    'packages/{eventstore,store}-{kurrentdb,postgres,redis,mongodb}/test/{faults,outages,runtime}.test.ts',
    'packages/eventstore-{sqlite,postgres}/test/processes.test.ts',
    'packages/kafka/test/faults.test.ts',
    'packages/store-postgres/test/native.test.ts',
    'packages/store-mongodb/test/redo.test.ts',
    'test/{idempotency,tasks,actions,schedules,transfer}/*.test.ts'
];

/** What adapters do on their servers: `npm run test:servers`. */
export const SERVERS = ['packages/{eventstore-kurrentdb,eventstore-postgres,store-postgres,store-redis,store-mongodb,kafka}/test/**/*.test.ts', 'test/servers/*.test.ts'];

/** What newcomers run, `npm test`: the core, what is embedded, the router, the testing kit, the examples. */
export default defineConfig({
    resolve: {
        alias: {
            'woltage': source('woltage'),
            '@woltage/sqlite': source('sqlite'),
            '@woltage/eventstore-sqlite': source('eventstore-sqlite'),
            '@woltage/store-sqlite': source('store-sqlite'),
            '@woltage/store-redis': source('store-redis'),
            '@woltage/postgres': source('postgres'),
            '@woltage/eventstore-postgres': source('eventstore-postgres'),
            '@woltage/store-postgres': source('store-postgres'),
            '@woltage/eventstore-kurrentdb': source('eventstore-kurrentdb'),
            '@woltage/store-mongodb': source('store-mongodb'),
            '@woltage/express': source('express'),
            '@woltage/kafka': source('kafka'),
            '@woltage/testing': source('testing')
        }
    },
    test: {
        globalSetup: ['test/servers/global-setup.ts'],
        include: ['packages/*/{src,test}/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
        exclude: [...configDefaults.exclude, ...SERVERS, ...FAULTS],
        testTimeout: 20_000,
        // Vitest keeps one core for itself, which is half of a small machine; much of what these tests do is to wait for servers.
        maxWorkers: Math.max(2, availableParallelism() - 1)
    }
});
