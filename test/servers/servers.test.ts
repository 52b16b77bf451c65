import pg from 'pg';
import {expect, it} from 'vitest';
import {describeWith, findServer, urlOf} from './find-server.ts';
import {createDatabase} from './postgres-database.ts';
import {postgres} from './postgres.ts';

const found = await findServer(postgres, 'test servers');

describeWith(found, 'A server for tests', () => {
    it('is shared by all who ask, each with a database of its own', async () => {
        expect(await findServer(postgres, 'test servers')).toEqual(found);
        const [a, b] = await Promise.all([createDatabase(urlOf(found)), createDatabase(urlOf(found))]);
        expect(a.url).not.toBe(b.url);
        const client = new pg.Client(a.url);
        await client.connect();
        expect((await client.query<{one: number}>('SELECT 1 AS one')).rows).toEqual([{one: 1}]);
        await client.end();
        await Promise.all([a.drop(), b.drop()]);
        await expect(new pg.Client(a.url).connect()).rejects.toMatchObject({code: '3D000'});
    });
});
