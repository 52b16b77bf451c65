import type {IStore} from 'woltage';
import type {StoreUnderTest} from './support.ts';

/** One case of a suite: gets a connected, empty store. */
export type StoreCase = (store: IStore, underTest: StoreUnderTest) => Promise<void>;
export type StoreCases = Readonly<Record<string, StoreCase>>;
