import type {ConnectionOptions} from 'node:tls';
import {ConfigError, type Logger} from 'woltage';

/** Credentials for Kafka. They are shown nowhere. */
export type KafkaSasl =
    | {readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; readonly username: string; readonly password: string}
    | {readonly mechanism: 'OAUTHBEARER'; readonly token: string | (() => string | Promise<string>)};

/** How to reach a cluster. */
export interface KafkaConnection {
    /** Some brokers of the cluster, `host:port`; the others are found by asking them. */
    readonly brokers: readonly string[];
    /** What brokers know this application by. @default 'woltage' */
    readonly clientId: string;
    /** True, or what Node's TLS needs beyond that (`ca`, `cert`, `key`). @default false */
    readonly ssl?: boolean | ConnectionOptions | undefined;
    readonly sasl?: KafkaSasl | undefined;
    /** How long a connection may take, in ms. @default 5000 */
    readonly connectTimeoutMs: number;
}

/** Options of the Kafka broker. */
export interface KafkaBrokerOptions extends Partial<Omit<KafkaConnection, 'brokers'>>, Pick<KafkaConnection, 'brokers'> {
    /** Groups are called `<groupPrefix>.<group>`: applications that share a cluster need different ones. @default the `clientId` */
    readonly groupPrefix?: string | undefined;
    /** Lets the broker recognise what is sent again after a lost connection. False where a broker can't. @default true */
    readonly idempotent?: boolean | undefined;
    /** How long a publish tries before it fails, in ms. @default 30000 */
    readonly timeoutMs?: number | undefined;
    /** How long a single request may take, in ms. @default 10000 */
    readonly requestTimeoutMs?: number | undefined;
    /** After so many ms without a sign of life a consumer's partitions go to others. @default 15000 */
    readonly sessionTimeoutMs?: number | undefined;
    /** Is told of lost connections, of messages that were gone before they were read, and of such that can't be unpacked. @default nobody is */
    readonly logger?: Logger | undefined;
}

/** With all defaults. */
export interface CheckedOptions extends KafkaConnection {
    readonly groupPrefix: string;
    readonly idempotent: boolean;
    readonly timeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly sessionTimeoutMs: number;
    readonly logger: Logger;
}

const ignore = (): void => undefined;
const silentLogger: Logger = {debug: ignore, info: ignore, warn: ignore, error: ignore};

const KNOWN: ReadonlySet<string> =
    new Set(['brokers', 'clientId', 'ssl', 'sasl', 'connectTimeoutMs', 'groupPrefix', 'idempotent', 'timeoutMs', 'requestTimeoutMs', 'sessionTimeoutMs', 'logger']);
const MECHANISMS: ReadonlySet<string> = new Set(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']);
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** Kafka's rule for what becomes part of names. */
const NAME = /^[\w.-]{1,100}$/;

export const optionProblem = (why: string, cause?: unknown): ConfigError => new ConfigError(`Kafka: ${why}`, {code: 'KAFKA_OPTIONS', cause});

/** @throws ConfigError `KAFKA_OPTIONS`; it never shows credentials */
export function checkOptions(options: KafkaBrokerOptions): CheckedOptions {
    if (typeof options !== 'object' || options === null)
        throw optionProblem('it needs options: {brokers: [\'localhost:9092\']}.');
    refuseUnknown(options, KNOWN);
    checkBrokers(options.brokers);
    checkNames(options);
    checkSecurity(options);
    checkTimes(options);
    checkLogger(options.logger);
    const clientId = options.clientId ?? 'woltage';
    return {
        ...options, clientId, brokers: [...options.brokers], groupPrefix: options.groupPrefix ?? clientId, idempotent: options.idempotent ?? true, timeoutMs: options.timeoutMs ?? 30_000,
        connectTimeoutMs: options.connectTimeoutMs ?? 5000, requestTimeoutMs: options.requestTimeoutMs ?? 10_000, sessionTimeoutMs: options.sessionTimeoutMs ?? 15_000,
        logger: options.logger ?? silentLogger
    };
}

export function refuseUnknown(options: object, known: ReadonlySet<string>): void {
    const unknown = Object.keys(options).filter(name => !known.has(name));
    if (unknown.length > 0)
        throw optionProblem(`unknown option ${unknown.map(name => `'${name}'`).join(', ')} (${[...known].join(', ')}).`);
}

function checkBrokers(brokers: unknown): void {
    if (!Array.isArray(brokers) || brokers.length === 0 || !Array.from(brokers as readonly unknown[]).every(isAddress))
        throw optionProblem('brokers must be a list of at least one host:port, such as [\'localhost:9092\'], without a protocol.');
}

function isAddress(address: unknown): boolean {
    const port = typeof address === 'string' ? /^(?:\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(address)?.[1] : undefined;
    return port !== undefined && Number(port) > 0 && Number(port) < 65_536;
}

function checkNames({clientId, groupPrefix, idempotent}: KafkaBrokerOptions): void {
    for (const [name, value] of Object.entries({clientId, groupPrefix})) {
        if (value !== undefined && (typeof value !== 'string' || !NAME.test(value)))
            throw optionProblem(`the ${name} takes 1 to 100 letters, digits, dots, - and _.`);
    }
    if (idempotent !== undefined && typeof idempotent !== 'boolean')
        throw optionProblem('idempotent is true or false.');
}

function checkSecurity({ssl, sasl}: KafkaBrokerOptions): void {
    if (ssl !== undefined && typeof ssl !== 'boolean' && (typeof ssl !== 'object' || ssl === null || Array.isArray(ssl)))
        throw optionProblem('ssl is true, false, or an object of options for TLS.');
    if (sasl === undefined)
        return;
    const given: Readonly<Record<string, unknown>> = {...sasl};
    if (typeof sasl !== 'object' || sasl === null || !MECHANISMS.has(String(given['mechanism'])))
        throw optionProblem(`sasl needs a mechanism: ${[...MECHANISMS].join(', ')}.`);
    const needed = sasl.mechanism === 'OAUTHBEARER' ? ['token'] : ['username', 'password'];
    const missing = needed.find(name => !(typeof given[name] === 'string' && given[name] !== '' || name === 'token' && typeof given[name] === 'function'));
    if (missing !== undefined)
        throw optionProblem(`sasl with ${sasl.mechanism} needs a ${missing}.`);
}

function checkTimes({connectTimeoutMs, timeoutMs, requestTimeoutMs, sessionTimeoutMs}: KafkaBrokerOptions): void {
    for (const [name, value] of Object.entries({connectTimeoutMs, timeoutMs, requestTimeoutMs, sessionTimeoutMs})) {
        if (value !== undefined && !(Number.isSafeInteger(value) && value > 0 && value < 2 ** 31))
            throw optionProblem(`${name} must be a whole number of ms above 0, not '${String(value)}'.`);
    }
}

export function checkLogger(logger: unknown): void {
    if (logger !== undefined && (typeof logger !== 'object' || logger === null || !LEVELS.every(level => typeof (logger as Partial<Logger>)[level] === 'function')))
        throw optionProblem('the logger needs the methods debug, info, warn and error.');
}
