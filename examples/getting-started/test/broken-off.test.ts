import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import SQLiteStore from '@woltage/store-sqlite';
import {expect, it} from 'vitest';
import createWoltage from 'woltage';
import {dataFolder, removeFolder, startExample} from '../../../test/examples/run-example.ts';

const source = (folder: string): string => fileURLToPath(new URL(`../src/${folder}`, import.meta.url));

it('starts where an earlier start was broken off between adding the projection and activating it', async () => {
    const folder = await dataFolder();
    const sqlite = {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]};
    const woltage = await createWoltage({
        eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]}, internalStore: sqlite, stores: {sqlite},
        eventClasses: source('events'), aggregates: source('aggregates'), projectorClasses: source('projectors'), readModelClasses: source('readModels')
    });
    await woltage.addProjection('order', 1, 'OrderProjector', 1, 'sqlite');
    await woltage.stop();
    const shop = await startExample('getting-started', [], {DATA_FOLDER: folder});
    expect((await fetch(`${shop.url}/orders/byId?id=none`)).status).toBeLessThan(500);
    expect(await shop.stop()).toEqual([0, null]);
    await removeFolder(folder);
});
