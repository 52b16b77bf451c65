import {randomUUID} from 'node:crypto';
import {storeConformance} from '@woltage/testing';
import {MongoClient} from 'mongodb';
import {afterAll, beforeAll, describe, it} from 'vitest';
import {standalone, transactional} from './server/servers.ts';
import {MongoDBStore} from '../src/index.ts';

for (const {title, start} of [transactional, standalone]) {
    let server: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
        server = await start();
    });
    afterAll(() => server.stop());

    storeConformance({describe, it}, `MongoDBStore on ${title}`, async () => {
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
