import {randomUUID} from 'node:crypto';
import {MongoClient, MongoServerError} from 'mongodb';
import {afterAll, beforeAll, describe, expect, expectTypeOf, it} from 'vitest';
import createWoltage, {Aggregate, Event, MemoryEventStore, Projector, ReadModel, z} from 'woltage';
import {MongoDBStore} from '../src/index.ts';
import {standalone, transactional} from './server/servers.ts';

const registration = z.object({email: z.email()});

class UserRegistered extends Event<typeof registration> {
    static schema = registration;
    static version = 1;
}

const user = Aggregate.create('user', {$init: () => ({})});
const register = user.registerCommand(registration, function register(_state, payload) {
    return new UserRegistered({payload});
});

const schema = {
    emails: {
        key: z.object({
            email: z.email()
        }),
        schema: z.object({
            userId: z.string(),
            registeredAt: z.number()
        })
    }
};

class UserProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;

    declare store: MongoDBStore<typeof schema>;

    async [UserRegistered.identity](event: UserRegistered) {
        const {emails} = this.store.tables;
        if (await emails.get({email: event.payload.email}))
            return;
        // https://www.mongodb.com/docs/manual/reference/method/db.collection.insertOne/
        await emails.insertOne({
            email: event.payload.email,
            userId: event.aggregateId,
            registeredAt: event.timestamp
        });
    }
}

class Users extends ReadModel<UserProjector> {
    projectionName = 'user';

    async byHost(host: string) {
        return this.store.tables.emails.aggregate<{_id: string; count: number}>([
            {$match: {email: {$gt: ''}}}, {$group: {_id: {$arrayElemAt: [{$split: ['$email', '@']}, 1]}, count: {$sum: 1}}}, {$match: {_id: host}}
        ]);
    }

    async find(email: string) {
        return this.store.tables.emails.get({email});
    }
}

describe.each([transactional, standalone])('Native access to a MongoDBStore on $title', ({start}) => {
    let server: Awaited<ReturnType<typeof start>>;
    let store: MongoDBStore;
    const database = `woltage-native-${randomUUID()}`;
    beforeAll(async () => {
        server = await start();
        store = new MongoDBStore({url: server.url, database});
        await store.connect();
    });
    afterAll(async () => {
        await store.native(native => native.database.dropDatabase());
        await store.close();
        await server.stop();
    });

    async function openScope() {
        const scope = store.scope({namespace: randomUUID(), tables: schema});
        await scope.createTables();
        return scope;
    }
    const entry = (n: number) => ({email: `user${n}@example.org`, userId: `u${n}`, registeredAt: n});

    it('has methods of the driver\'s collection on each table', async () => {
        const {emails} = (await openScope()).tables;
        expect((await emails.insertOne(entry(1))).insertedId).toBe('"user1@example.org"');
        expect(await emails.get({email: 'user1@example.org'})).toEqual(entry(1));
        expect((await emails.insertMany([entry(2), entry(3)])).insertedCount).toBe(2);
        expect((await emails.updateOne({userId: 'u2'}, {$inc: {registeredAt: 10}})).modifiedCount).toBe(1);
        expect((await emails.updateMany({registeredAt: {$gte: 3}}, {$set: {userId: 'late'}})).modifiedCount).toBe(2);
        expect(await emails.find({userId: 'late'}, {sort: {registeredAt: 'asc'}})).toEqual([{...entry(3), userId: 'late'}, {...entry(2), userId: 'late', registeredAt: 12}]);
        expect(await emails.countDocuments({userId: {$in: ['late', 'u1']}})).toBe(3);
        expect((await emails.distinct('userId')).sort()).toEqual(['late', 'u1']);
        await emails.replaceOne({...entry(4), userId: 'new'}, {upsert: true});
        expect((await emails.bulkWrite([{deleteOne: {filter: {_id: '"user3@example.org"'}}}])).deletedCount).toBe(1);
        expect((await emails.deleteOne({userId: 'u1'})).deletedCount).toBe(1);
        expect((await emails.aggregate([{$sort: {email: 1}}, {$project: {_id: 0, email: 1}}]))).toEqual([{email: 'user2@example.org'}, {email: 'user4@example.org'}]);
        expect((await emails.deleteMany({})).deletedCount).toBe(2);
        expect(await emails.count()).toBe(0);
        expectTypeOf(emails.insertOne).parameter(0).toEqualTypeOf<{email: string; userId: string; registeredAt: number}>();
        expectTypeOf(emails.distinct<'registeredAt'>).returns.resolves.toEqualTypeOf<number[]>();
        // @ts-expect-error the table has no such field
        await expect(emails.insertOne({email: 'a@example.org', userId: 1, registeredAt: 1}).then(() => emails.deleteMany({}))).resolves.toBeDefined();
    });

    it('passes on the driver\'s own errors, and says what is wrong with a key', async () => {
        const {emails} = (await openScope()).tables;
        await emails.insertOne(entry(1));
        const error: unknown = await emails.insertOne(entry(1)).then(() => undefined, (thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(MongoServerError);
        expect(error).toMatchObject({code: 11000});
        await expect(async () => emails.insertOne({userId: 'x'} as never)).rejects.toMatchObject({code: 'INVALID_KEY'});
        await expect(async () => emails.insertOne({...entry(2), registeredAt: NaN})).rejects.toMatchObject({code: 'NOT_ENCODABLE'});
    });

    it('knows nothing of rows that were removed', async () => {
        const scope = await openScope();
        const {emails} = scope.tables;
        await scope.commit({writes: [1, 2].map(n => ({table: 'emails', id: JSON.stringify(entry(n).email), row: entry(n)})), records: [{key: 'r', value: 'v', token: 't'}]});
        await emails.remove(entry(1));
        await emails.remove(entry(2));
        expect(await emails.countDocuments()).toBe(0);
        expect(await emails.aggregate([{$match: {}}])).toEqual([]);
        expect((await emails.updateMany({}, {$set: {userId: 'x'}})).matchedCount).toBe(0);
        expect((await emails.deleteMany({})).deletedCount).toBe(0);
        await emails.insertOne(entry(1));
        expect((await emails.replaceOne(entry(2))).matchedCount).toBe(0);
        expect(await emails.find()).toEqual([entry(1)]);
    });

    it('gives the client, the database and the collections', async () => {
        const scope = await openScope();
        await scope.tables.emails.set(entry(1));
        const found = await scope.native(({collection}) => collection('emails').findOne({userId: 'u1'}));
        expect(found).toMatchObject({_id: '"user1@example.org"', ...entry(1)});
        expect(await scope.native(({client, database: {databaseName}}) => [client instanceof MongoClient, databaseName])).toEqual([true, database]);
        await expect(scope.native(() => {
            throw new Error('mine');
        })).rejects.toThrow('mine');
    });

    it('works in a projector and in a read model', async () => {
        const adapter = {adapter: MongoDBStore, args: [{url: server.url, database, prefix: `native-${randomUUID().slice(0, 8)}`}]} as const;
        const woltage = await createWoltage({
            eventStore: {adapter: MemoryEventStore, args: []}, internalStore: adapter, stores: {main: adapter},
            eventClasses: [UserRegistered], aggregates: [user], projectorClasses: [UserProjector], readModelClasses: [Users]
        });
        for (let n = 0; n < 30; n++)
            await woltage.executeCommand(register, `user-${n}`, {email: `user${n % 20}@${n % 2 === 0 ? 'even' : 'odd'}.org`});
        await woltage.addProjection('user', 1, 'UserProjector', 1, 'main');
        await woltage.getProjection('user', 1)?.untilLive();
        await woltage.setProjectionActive('user', 1);
        expect(await woltage.executeQuery(Users, 'byHost', 'even.org')).toEqual([{_id: 'even.org', count: 10}]);
        expect(await woltage.executeQuery(Users, 'find', 'user3@odd.org')).toMatchObject({userId: 'user-3'});
        await woltage.stop();
    });

    it('uses a client that is handed in, and leaves it open', async () => {
        const client = new MongoClient(server.url);
        const given = new MongoDBStore({client, database});
        await given.connect();
        const scope = given.scope({namespace: randomUUID(), tables: schema});
        await scope.createTables();
        await scope.tables.emails.set(entry(1));
        await given.close();
        expect(await client.db(database).command({ping: 1})).toMatchObject({ok: 1});
        await given.connect();
        expect(await scope.tables.emails.count()).toBe(1);
        await given.close();
        await client.close();
    });
});
