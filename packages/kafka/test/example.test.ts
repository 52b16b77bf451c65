import {expect, it} from 'vitest';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import DefaultExport, {KafkaBroker} from '../src/index.ts';

it('is configured as the documentation says', async () => {
    const messageBroker = {adapter: KafkaBroker, args: [{brokers: ['127.0.0.1:9092'], clientId: 'shop'}]};
    const {adapter: Adapter, args: [options]} = messageBroker;
    const server = await KafkaServer.start();
    const broker = new Adapter({...options, brokers: [server.address]});
    await broker.connect();
    await broker.publish([{topic: 'orders', key: '1', value: '{}'}]);
    expect(server.messages('orders').length).toBe(1);
    await broker.close();
    await server.close();
    expect(DefaultExport).toBe(KafkaBroker);
});
