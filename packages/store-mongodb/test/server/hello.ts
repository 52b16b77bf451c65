import {Binary, Long, ObjectId, Timestamp} from 'bson';
import type {Doc} from './wire.ts';

/** What a server presents itself as. */
export type Topology = 'replicaSet' | 'standalone' | 'sharded';

const ELECTION = new ObjectId('7fffffff0000000000000001');
const OP_TIME = {ts: new Timestamp({t: 1, i: 1}), t: Long.fromNumber(1)};

/** The answer to a greeting. */
export function hello(topology: Topology, port: number): Doc {
    const common = {
        helloOk: true, isWritablePrimary: true, ismaster: true, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000, localTime: new Date(),
        logicalSessionTimeoutMinutes: 30, connectionId: 1, minWireVersion: 0, maxWireVersion: 25, readOnly: false, ok: 1
    };
    if (topology === 'standalone')
        return common;
    if (topology === 'sharded')
        return {...common, msg: 'isdbgrid'};
    const me = `127.0.0.1:${port}`;
    return {
        ...common, secondary: false, setName: 'rs0', setVersion: 1, hosts: [me], primary: me, me, electionId: ELECTION,
        lastWrite: {opTime: OP_TIME, lastWriteDate: new Date(), majorityOpTime: OP_TIME, majorityWriteDate: new Date()}
    };
}

/** What members of a replica set and routers tell with every answer. */
export const gossip = (topology: Topology): Doc => topology === 'standalone' ? {} : {
    operationTime: OP_TIME.ts,
    $clusterTime: {clusterTime: OP_TIME.ts, signature: {hash: new Binary(Buffer.alloc(20)), keyId: Long.fromBigInt(2n ** 62n)}}
};
