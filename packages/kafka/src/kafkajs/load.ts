import type {Kafka, KafkaConfig, PartitionAssigner, SASLOptions} from 'kafkajs';
import {optionProblem, type CheckedOptions, type KafkaSasl} from '../options.ts';

/** The library, as far as it is needed. */
export interface KafkaJs {
    readonly kafka: Kafka;
    readonly roundRobin: PartitionAssigner;
}

/** How often the library tries again by itself: once, everything beyond that is for its callers. (An idempotent producer must be allowed to.) */
export const RETRY = {retries: 1, initialRetryTime: 50, maxRetryTime: 1000} as const;

/**
 * Loads kafkajs, which is an optional dependency, and sets it up.
 *
 * @param onLog Is told of warnings and errors; the library would write them to the console
 * @throws ConfigError `KAFKA_OPTIONS` when it isn't installed
 */
export async function loadKafkaJs(options: CheckedOptions, onLog: (text: string) => void): Promise<KafkaJs> {
    const {Kafka, PartitionAssigners, logLevel} = await importKafkaJs();
    const {brokers, clientId, ssl = false, sasl, connectTimeoutMs, requestTimeoutMs} = options;
    const config: KafkaConfig = {
        brokers: [...brokers], clientId, ssl, connectionTimeout: connectTimeoutMs, authenticationTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs, retry: RETRY,
        logLevel: logLevel.WARN, logCreator: () => ({namespace, log}) => onLog(`${namespace}: ${log.message}`)
    };
    if (sasl !== undefined)
        config.sasl = saslOf(sasl);
    return {kafka: new Kafka(config), roundRobin: PartitionAssigners.roundRobin};
}

async function importKafkaJs() {
    try {
        return await import('kafkajs');
    } catch (error) {
        if ((error as {code?: unknown}).code !== 'ERR_MODULE_NOT_FOUND')
            throw error;
        throw optionProblem('KafkaJsBroker needs the package kafkajs, which isn\'t installed: npm install kafkajs@2.', error);
    }
}

function saslOf(sasl: KafkaSasl): SASLOptions {
    if (sasl.mechanism === 'OAUTHBEARER') {
        const {token} = sasl;
        return {mechanism: 'oauthbearer', oauthBearerProvider: async () => ({value: typeof token === 'string' ? token : await token()})};
    }
    const {username, password} = sasl;
    switch (sasl.mechanism) {
        case 'PLAIN': return {mechanism: 'plain', username, password};
        case 'SCRAM-SHA-256': return {mechanism: 'scram-sha-256', username, password};
        case 'SCRAM-SHA-512': return {mechanism: 'scram-sha-512', username, password};
    }
}
