import {MongoClient} from 'mongodb';
const c = new MongoClient(process.argv[2]); const db = c.db(process.argv[3]);
for (let i = 0; i < 3; i++) {
for (const {name} of await db.listCollections().toArray()) console.log(name, await db.collection(name).countDocuments());
for await (const r of db.collection('woltage.records').find({})) if (!r._w?.removed) console.log(r._id.replace('\n', '|').slice(0, 60), r.value.slice(0, 260));
console.log('---'); await new Promise(r => setTimeout(r, 2000)); }
await c.close();
