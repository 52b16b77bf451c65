import {configDefaults, defineConfig} from 'vitest/config';
import config, {FAULTS, SERVERS} from './vitest.config.ts';

/** The contracts of the ports, values, and what is special about each adapter, on the servers that can be had. */
export default defineConfig({...config, test: {...config.test, include: SERVERS, exclude: [...configDefaults.exclude, ...FAULTS]}});
