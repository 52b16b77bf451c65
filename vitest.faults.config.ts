import {configDefaults, defineConfig} from 'vitest/config';
import config, {FAULTS} from './vitest.config.ts';

/** What the adapters do when their server is killed, cut off or away. Most of it is waiting. `WOLTAGE_OUTAGE_MS=20000` makes outages as long as they may be. */
export default defineConfig({...config, test: {...config.test, include: FAULTS, exclude: configDefaults.exclude, testTimeout: 60_000, maxWorkers: 2}});
