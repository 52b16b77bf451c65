import type {IMessageBroker} from 'woltage';
import type {BrokerUnderTest} from './support.ts';

/** One case of the suite: gets a connected broker. */
export type BrokerCase = (broker: IMessageBroker, underTest: BrokerUnderTest) => Promise<void>;
export type BrokerCases = Readonly<Record<string, BrokerCase>>;
