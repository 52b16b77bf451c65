import {defineConfig} from 'vitest/config';

/** Crash and fault suites: real processes, real signals. They run against the built packages. */
export default defineConfig({test: {include: ['test/crash/**/*.crash.ts'], testTimeout: 600_000, fileParallelism: false}});
