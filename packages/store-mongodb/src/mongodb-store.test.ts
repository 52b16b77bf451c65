import {randomUUID} from 'node:crypto';
import {storeConformance} from '@woltage/testing';
import {MongoClient} from 'mongodb';
import {afterAll, beforeAll, describe, it} from 'vitest';
import {InProcessMongoDB} from '../test/server/mongodb-server.ts';
import {MongoDBStore} from './index.ts';

for (const topology of ['replicaSet', 'standalone'] as const) {
    let server: InProcessMongoDB;
    beforeAll(async () => {
        server = await InProcessMongoDB.start({topology});
    });
    afterAll(() => server.stop());

    storeConformance({describe, it}, `MongoDBStore on a ${topology}`, async () => {
        const database = `woltage-test-${randomUUID()}`;
        const create = (): MongoDBStore => new MongoDBStore({url: server.url, database});
        return {store: create(), second: create, cleanup: () => dropDatabase(server.url, database)};
    });
}

async function dropDatabase(url: string, database: string): Promise<void> {
    const client = new MongoClient(url);
    await client.db(database).dropDatabase();
    await client.close();
}
