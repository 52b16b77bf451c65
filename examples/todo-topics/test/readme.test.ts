import {describe, expect, it} from 'vitest';
import {blocksOf, dataFolder, removeFolder, runExample, withoutIds} from '../../../test/examples/run-example.ts';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';

describe('The README', () => {
    it.each(['memory', 'file', 'kafka'])('shows what npm start -- --%s prints', async mode => {
        const [expected = ''] = await blocksOf('todo-topics', 'console');
        const folder = await dataFolder();
        const kafka = mode === 'kafka' ? await KafkaServer.start() : undefined;
        const output = await runExample('todo-topics', [`--${mode}`], {DATA_FOLDER: folder, ...kafka === undefined ? {} : {KAFKA_BROKERS: kafka.address}});
        expect(withoutIds(output)).toBe(withoutIds(expected));
        await kafka?.close();
        await removeFolder(folder);
    }, 90_000);
});
