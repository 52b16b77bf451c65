import {KafkaBroker} from '@woltage/kafka';
import {MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData} from 'woltage';
import {KafkaServer} from '../../../test/servers/kafka/kafka-server.ts';
import {endToEndSuite} from './end-to-end.ts';

/** A server of this process that speaks Kafka's protocol to the real client. */
endToEndSuite('Kafka', async () => {
    const server = await KafkaServer.start();
    const brokers = [server.address];
    return {
        adapters: {
            eventStore: {adapter: MemoryEventStore, args: [new MemoryEventStoreData()]},
            store: {adapter: MemoryStore, args: [new MemoryStoreData()]},
            messageBroker: {adapter: KafkaBroker, args: [{brokers, clientId: 'shop'}]}
        },
        outside: new KafkaBroker({brokers, clientId: 'outside'}),
        stop: () => server.close()
    };
});
