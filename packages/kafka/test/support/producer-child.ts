/* node --import tsx producer-child.ts <address> <topic> <from>: publishes numbers, one call after the other, and says which have been published */
import {KafkaBroker} from '../../src/index.ts';
import {quick} from './kafka.ts';

const [address = '', topic = '', from = '0'] = process.argv.slice(2);

const broker = new KafkaBroker({brokers: [address], clientId: 'child', ...quick});
await broker.connect();
for (let n = Number(from); ; n++) {
    await broker.publish([{topic, key: `k${n % 10}`, value: String(n)}]);
    process.stdout.write(`${JSON.stringify({published: n})}\n`);
}
