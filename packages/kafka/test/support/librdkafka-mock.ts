import {randomUUID} from 'node:crypto';
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {BrokerUnderTest} from '@woltage/testing';
import type {Startable} from '../../../../test/servers/find-server.ts';
import {KafkaJsBroker} from '../../src/index.ts';
import {quick} from './kafka.ts';

const BROKERS = 3;
/** The mock lets groups wait for 3 s until their first members get partitions. */
const SESSION_MS = 6000;
const SOURCE = fileURLToPath(new URL('librdkafka-mock.c', import.meta.url));
const HEADER = '/usr/include/librdkafka/rdkafka_mock.h';

/** librdkafka's mock cluster, which has nothing to do with our broker. It speaks fetches up to version 11, and knows no creating of topics. */
export const mock: Startable = existsSync(HEADER) && spawnSync('gcc', ['--version'], {stdio: 'ignore'}).error === undefined
    ? {isStartable: true}
    : {missing: 'librdkafka\'s headers or gcc are not here: apt-get install librdkafka-dev gcc libc6-dev'};

if ('missing' in mock && process.env['WOLTAGE_REQUIRE']?.split(',').includes('librdkafka') === true)
    throw new Error(`WOLTAGE_REQUIRE names librdkafka, but ${mock.missing}`);

/** Compiles it. @returns The program, and how to remove it */
export function compileMock(): {readonly program: string; readonly remove: () => void} {
    const folder = mkdtempSync(join(tmpdir(), 'woltage-librdkafka-'));
    const program = join(folder, 'mock');
    const {status, stderr} = spawnSync('gcc', ['-o', program, SOURCE, '-lrdkafka'], {encoding: 'utf8'});
    if (status !== 0)
        throw new Error(`librdkafka's mock can't be compiled: ${stderr}`);
    return {program, remove: () => rmSync(folder, {recursive: true})};
}

/** A cluster of its own. */
export async function mockUnderTest(program: string): Promise<BrokerUnderTest> {
    const child: ChildProcess = spawn(program, [String(BROKERS)], {stdio: ['pipe', 'pipe', 'ignore']});
    const lines = createInterface(child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
    const answer = async (): Promise<string> => String((await lines.next()).value);
    const brokers = (await answer()).split(',');
    let turn: Promise<unknown> = Promise.resolve();
    const tell = (line: string): Promise<void> => {
        const told = turn.then(async () => {
            child.stdin?.write(`${line}\n`);
            const code = await answer();
            if (code !== '0')
                throw new Error(`'${line}' came to ${code}`);
        });
        turn = told.catch(() => undefined);
        return told;
    };
    const create = (): KafkaJsBroker => new KafkaJsBroker({brokers, clientId: 'test', idempotent: false, ...quick, sessionTimeoutMs: SESSION_MS});
    return {
        broker: create(),
        second: create,
        createTopic: async partitions => {
            const topic = `topic-${randomUUID()}`;
            await tell(`topic ${topic} ${partitions}`);
            return topic;
        },
        unknownTopic: () => `unknown-${randomUUID()}`,
        newGroup: () => `group-${randomUUID()}`,
        sizes: {accepted: 1_000_000, refused: 1_100_000},
        timeoutMs: 20_000,
        setAway: async away => {
            for (let broker = 1; broker <= BROKERS; broker++)
                await tell(`${away ? 'down' : 'up'} ${broker}`);
        },
        cleanup: async () => {
            const ended = once(child, 'exit');
            child.stdin?.end();
            await ended;
        }
    };
}
