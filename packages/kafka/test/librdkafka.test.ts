import {afterAll, beforeAll, expect, it} from 'vitest';
import {describeWith} from '../../../test/servers/find-server.ts';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import type {KafkaBroker} from '../src/index.ts';
import {runKcat, kcat} from './support/kcat.ts';
import {brokerFor, until} from './support/kafka.ts';

const KEYS = Array.from({length: 200}, (_, n) => `key-${n}-${'äöü'.slice(n % 4)}${'x'.repeat(n % 7)}`);

describeWith(kcat, 'Beside librdkafka, which knows nothing of us', () => {
    let server: KafkaServer;
    let broker: KafkaBroker;
    beforeAll(async () => {
        server = await KafkaServer.start({partitions: 5});
        broker = brokerFor(server);
        await broker.connect();
    });
    afterAll(async () => {
        await broker.close();
        await server.close();
    });

    it('keys go to the same partitions', async () => {
        await broker.publish(KEYS.map(key => ({topic: 'ours', key, value: key})));
        await runKcat(['-P', '-b', server.address, '-t', 'theirs', '-K', '\t', '-X', 'partitioner=murmur2_random'], KEYS.map(key => `${key}\t${key}\n`).join(''));
        const places = (topic: string) => Object.fromEntries([0, 1, 2, 3, 4].flatMap(partition => server.messages(topic, partition).map(({key}) => [String(key), partition])));
        expect(Object.keys(places('ours')).length).toBe(KEYS.length);
        expect(places('ours')).toEqual(places('theirs'));
    });

    it('it reads what we publish: keys, values, headers, tombstones', async () => {
        await broker.publish([
            {topic: 'out', partition: 0, key: 'k', value: 'wörld', headers: {a: '1', b: 'ü'}}, {topic: 'out', partition: 0, key: 'gone', value: null}, {topic: 'out', partition: 0, value: 'x'.repeat(500_000)}
        ]);
        const lines = (await runKcat(['-C', '-q', '-e', '-b', server.address, '-t', 'out', '-p', '0', '-J'])).trim().split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
        expect(lines.map(({key, payload, headers}) => [key, String(payload).slice(0, 10), headers])).toEqual([
            ['k', 'wörld', ['a', '1', 'b', 'ü']], ['gone', 'null', undefined], [null, 'xxxxxxxxxx', undefined]
        ]);
    });

    it.each(['none', 'gzip', 'snappy', 'lz4'])('we read what it publishes, by an idempotent producer, packed with %s', async compression => {
        const topic = `in-${compression}`;
        await runKcat(['-P', '-b', server.address, '-t', topic, '-p', '0', '-z', compression, '-X', 'enable.idempotence=true', '-H', 'a=1'], Array.from({length: 1000}, (_, n) => `value ${n}\n`).join(''));
        const got: string[] = [];
        const ending = new AbortController();
        const done = broker.consume({
            topics: [topic], group: `read-${compression}`, from: 'start', signal: ending.signal, resume: async places => places.map(() => undefined),
            handle: async ({messages}) => void got.push(...messages.map(({value, headers}) => `${String(value && Buffer.from(value))} ${headers['a']}`))
        });
        await until(() => got.length >= 1000);
        ending.abort();
        await done;
        expect(got).toEqual(Array.from({length: 1000}, (_, n) => `value ${n} 1`));
    });

    it('its consumer groups work on the same server', async () => {
        await broker.publish(Array.from({length: 50}, (_, n) => ({topic: 'shared', partition: n % 5, value: String(n)})));
        const lines = (await runKcat(['-q', '-b', server.address, '-o', 'beginning', '-c', '50', '-f', '%p %s\\n', '-G', 'kcat', 'shared'])).trim().split('\n');
        expect(lines.length).toBe(50);
    });
});
