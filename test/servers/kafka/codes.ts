/** Kafka's keys of requests. */
export const API = {
    produce: 0, fetch: 1, listOffsets: 2, metadata: 3, offsetCommit: 8, offsetFetch: 9, findCoordinator: 10, joinGroup: 11, heartbeat: 12, leaveGroup: 13,
    syncGroup: 14, apiVersions: 18, createTopics: 19, initProducerId: 22
} as const;

export type ApiName = keyof typeof API;

/** The versions this server speaks, and from which on they are flexible. */
export const VERSIONS: Readonly<Record<ApiName, {readonly min: number; readonly max: number; readonly flexible: number}>> = {
    produce: {min: 3, max: 11, flexible: 9},
    fetch: {min: 4, max: 17, flexible: 12},
    listOffsets: {min: 1, max: 9, flexible: 6},
    metadata: {min: 1, max: 12, flexible: 9},
    offsetCommit: {min: 2, max: 9, flexible: 8},
    offsetFetch: {min: 1, max: 9, flexible: 6},
    findCoordinator: {min: 0, max: 6, flexible: 3},
    joinGroup: {min: 4, max: 9, flexible: 6},
    heartbeat: {min: 0, max: 4, flexible: 4},
    leaveGroup: {min: 0, max: 5, flexible: 4},
    syncGroup: {min: 0, max: 5, flexible: 4},
    apiVersions: {min: 0, max: 3, flexible: 3},
    createTopics: {min: 7, max: 7, flexible: 5},
    initProducerId: {min: 0, max: 5, flexible: 2}
};

/** Up to where an old broker (Kafka 2.7) goes. */
export const OLD: Partial<Readonly<Record<ApiName, number>>> = {
    produce: 8, fetch: 12, listOffsets: 5, metadata: 9, offsetCommit: 8, offsetFetch: 8, findCoordinator: 4, joinGroup: 6, leaveGroup: 4, syncGroup: 4, initProducerId: 4
};

/** Kafka's error codes. */
export const CODE = {
    none: 0, offsetOutOfRange: 1, corruptMessage: 2, unknownTopicOrPartition: 3, notLeader: 6, requestTimedOut: 7, messageTooLarge: 10, coordinatorNotAvailable: 15, invalidTopic: 17, illegalGeneration: 22,
    unknownMember: 25, rebalanceInProgress: 27, unsupportedVersion: 35, topicExists: 36, invalidPartitions: 37, outOfOrderSequence: 45, invalidProducerEpoch: 47, storageError: 56,
    memberIdRequired: 79, unknownTopicId: 100
} as const;
