import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import {createRouter} from '@woltage/express';
import SQLiteStore from '@woltage/store-sqlite';
import express from 'express';
import createWoltage from 'woltage';
import {adminToken, dataFolder, port} from './config.ts';
import {logger} from './logger.ts';

const sqlite = {adapter: SQLiteStore, args: [{path: join(dataFolder, 'store.db')}]};

const woltage = await createWoltage({
    eventStore: {adapter: SQLiteEventStore, args: [{path: join(dataFolder, 'events.db')}]},
    eventClasses: import.meta.dirname + '/events',
    aggregates: import.meta.dirname + '/aggregates',
    projectorClasses: import.meta.dirname + '/projectors',
    readModelClasses: import.meta.dirname + '/readModels',
    internalStore: sqlite,
    stores: {sqlite},
    logger
});

// The first start, or the next one where that was broken off. From then on Woltage remembers which projections there are, and which version is active.
if (woltage.getProjection('order') === undefined) {
    if (woltage.getProjection('order', 1) === undefined)
        await woltage.addProjection('order', 1, 'OrderProjector', 1, 'sqlite');
    await woltage.getProjection('order', 1)?.untilLive();
    await woltage.setProjectionActive('order', 1);
}

const app = express();
app.use(createRouter(woltage, {
    admin: req => req.get('authorization') === `Bearer ${adminToken}`,
    onError: error => logger.error({err: error}, 'A request failed')
}));
const server = app.listen(port, '127.0.0.1', error => {
    if (error !== undefined)
        throw error;
    logger.info({}, `The shop is open at http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
        server.close();
        server.closeAllConnections();
        woltage.stop().catch((error: unknown) => logger.error({err: error}, 'The shop did not close well'));
    });
}
