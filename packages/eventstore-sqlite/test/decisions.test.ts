import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe} from 'vitest';
import {decisionSuite} from '../../../test/decisions/decision-suite.ts';
import {SQLiteEventStore} from '../src/index.ts';

let folder = '';
let path = '';
beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'woltage-'));
    path = join(folder, 'events.db');
});
// Registered first, so that it is called last: when everything is closed.
afterEach(() => rm(folder, {recursive: true, force: true}));

decisionSuite({
    describe, place: 'a SQLite file', adapter: () => ({adapter: SQLiteEventStore, args: [{path}]}),
    child: {script: new URL('./support/decision-child.ts', import.meta.url), args: () => [path]}
});
