import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe} from 'vitest';
import {eventStoreProcesses} from '../../../test/processes/event-store-processes.ts';
import {SQLiteEventStore} from '../src/index.ts';

let folder = '';
let path = '';
beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-'));
    path = join(folder, 'events.db');
});
afterEach(() => rm(folder, {recursive: true, force: true}));

eventStoreProcesses({
    describe, place: 'a file', child: new URL('./support/child.ts', import.meta.url), args: () => [path], open: () => new SQLiteEventStore({path, pollIntervalMs: 5})
});
