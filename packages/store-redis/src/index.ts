export {RedisStore, RedisStore as default} from './redis-store.ts';
export type {RedisConnectable} from './client.ts';
export type {RedisNative} from './native.ts';
export type {RedisStoreOptions} from './options.ts';
