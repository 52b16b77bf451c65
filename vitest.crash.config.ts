import {defineConfig} from 'vitest/config';

/** Crash and fault suites: real processes, real signals. They run against the built packages: `npx turbo run build` first. */
export default defineConfig({test: {include: ['test/crash/**/*.crash.ts'], globalSetup: ['test/crash/build.ts', 'test/crash/servers.ts'], testTimeout: 600_000, fileParallelism: false}});
