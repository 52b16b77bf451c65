import type {Action, MessageTrigger} from '../../actions/index.ts';
import {ConfigError, StaleRecordError} from '../../errors/index.ts';
import {isTopicName, type IMessageBroker, type IStore, type MessageBatch, type RecordedMessage, type TopicPartition} from '../../ports/index.ts';
import {backoffMs, delay} from '../../shared/delay.ts';
import type {Logger} from '../../shared/logger.ts';
import {unlessAborted} from '../../shared/unless-aborted.ts';
import {uuidV7} from '../../shared/uuid.ts';
import type {TaskQueue} from '../../tasks/index.ts';
import {MessageOffsets} from './message-offsets.ts';
import {roomIn} from './room.ts';
import {takeMessage, type TakenMessage} from './taken-message.ts';

export interface MessageReaderOptions {
    readonly action: Action;
    readonly queue: TaskQueue;
    /** The scope of the action. */
    readonly store: IStore;
    readonly broker: IMessageBroker;
    readonly log: Logger;
}

const MAX_PAUSE_MS = 5000;
/** How long a first start waits at most until the broker has said where 'now' is, in ms. Kafka leaves a new group 3 s before it assigns anything. */
const SETTLE_MS = 10_000;
const GROUP = 'group';

/** Makes tasks of the messages that trigger an action: each becomes one, in the commit that moves the offset of its partition. */
export class MessageReader {
    readonly #options: MessageReaderOptions;
    readonly #triggers: ReadonlyMap<string, MessageTrigger>;
    readonly #offsets: MessageOffsets;
    #error: Error | undefined;

    /** @throws ConfigError `TRIGGER_INVALID` for topics that are none, and for two triggers of one topic */
    constructor(options: MessageReaderOptions) {
        this.#options = options;
        this.#offsets = new MessageOffsets(options.store);
        this.#triggers = triggersOf(options.action);
    }

    /** Why no messages come at present, as far as this process knows. */
    get error(): Error | undefined {
        return this.#error;
    }

    /** Consumes until the signal aborts, waiting for the broker and the store while they are away. */
    async run(signal: AbortSignal): Promise<void> {
        const starts = [...new Set([...this.#triggers.values()].map(({from}) => from))];
        await Promise.all(starts.map(from => this.#consumeAll(from, signal)));
    }

    /** Waits until it is known where 'now' is in each partition, so that what comes from then on counts; not for long, and not for a broker that is away. */
    async settled(signal: AbortSignal): Promise<void> {
        const end = performance.now() + SETTLE_MS;
        try {
            const places = await this.#partitions([...this.#triggers.values()].filter(({from}) => from === 'now').map(({topic}) => topic));
            while (!signal.aborted && performance.now() < end && this.#error === undefined && await this.#offsets.known(places) < places.length)
                await delay(5, signal);
        } catch (err) {
            this.#options.log.debug({err, action: this.#options.action.name}, 'It is not known yet from which messages on an action is triggered');
        }
    }

    /** How many messages wait in the topics, where the broker is there and can tell. */
    async waiting(): Promise<bigint> {
        const {broker} = this.#options;
        if (this.#error !== undefined || broker.lastMessage === undefined)
            return 0n;
        const places = await this.#partitions([...this.#triggers.keys()]);
        const offsets = await new MessageOffsets(this.#options.store).read(places);
        const counts = await Promise.all(places.map(async ({topic, partition}, index) => {
            const last = await broker.lastMessage?.(topic, partition);
            const next = offsets[index];
            if (last === undefined || next !== undefined && last.offset < next)
                return 0n;
            // Nothing of the partition is known: what it has is new, or from before the action.
            return next === undefined ? BigInt(this.#triggers.get(topic)?.from === 'start') : last.offset - next + 1n;
        }));
        return counts.reduce((sum, count) => sum + count, 0n);
    }

    async #partitions(topics: readonly string[]): Promise<readonly TopicPartition[]> {
        const {broker} = this.#options;
        const all = await Promise.all(topics.map(async topic => Array.from({length: await broker.partitions(topic)}, (_, partition) => ({topic, partition}))));
        return all.flat();
    }

    async #consumeAll(from: MessageTrigger['from'], signal: AbortSignal): Promise<void> {
        const {broker, log, action} = this.#options;
        const topics = [...this.#triggers.values()].filter(trigger => trigger.from === from).map(({topic}) => topic);
        for (let failures = 0; !signal.aborted; failures++) {
            try {
                await broker.consume({
                    topics, from, signal, group: await this.#group(from),
                    resume: partitions => this.#resume(from, partitions),
                    handle: batch => this.#handle(batch, signal).catch((error: unknown) => this.#fail(error, signal)),
                    onOutage: error => this.#tell(error)
                });
            } catch (error) {
                this.#tell(error as Error);
            }
            if (signal.aborted)
                return;
            log.debug({action: action.name, topics}, 'An action consumes its topics anew');
            await delay(backoffMs(failures, 100, MAX_PAUSE_MS), signal);
        }
    }

    /** What is in a partition that the topic has got since the first start has come since: it begins at its start. */
    async #resume(from: MessageTrigger['from'], partitions: readonly TopicPartition[]): Promise<readonly (bigint | undefined)[]> {
        const {broker} = this.#options;
        const offsets = await this.#offsets.read(partitions);
        const isLater = (place: TopicPartition): Promise<boolean> => this.#offsets.isLater(place, () => broker.partitions(place.topic));
        return from === 'start' ? offsets : Promise.all(partitions.map(async (place, index) => offsets[index] ?? (await isLater(place) ? 0n : undefined)));
    }

    /** The broker gives the batch again. */
    #fail(error: unknown, signal: AbortSignal): never {
        // Another process has the partition now, or this one ends: nothing is in the way.
        if (!signal.aborted && !(error instanceof StaleRecordError))
            this.#tell(error as Error);
        throw error;
    }

    #tell(error: Error | undefined): void {
        const {log, action: {name: action}} = this.#options;
        if (error !== undefined && this.#error === undefined)
            log.warn({err: error, action}, 'An action waits for messages: they can\'t be consumed');
        else if (error === undefined && this.#error !== undefined)
            log.info({action}, 'Messages for an action come again');
        this.#error = error;
    }

    /** All who share the work share the group, and nobody else does, even if other applications have an action of that name. */
    async #group(from: MessageTrigger['from']): Promise<string> {
        const {store, action: {name}} = this.#options;
        for (;;) {
            const [found] = await store.getRecords([GROUP]);
            if (found !== undefined)
                return `${name}.${found.value}${from === 'start' ? '.start' : ''}`;
            try {
                await store.commit({records: [{key: GROUP, value: uuidV7().slice(-12), token: uuidV7(), expected: null}]});
            } catch (error) {
                if (!(error instanceof StaleRecordError))
                    throw error;
            }
        }
    }

    async #handle({topic, partition, messages, nextOffset}: MessageBatch, signal: AbortSignal): Promise<void> {
        const {action, queue} = this.#options;
        const trigger = this.#triggers.get(topic) as MessageTrigger;
        await roomIn(queue, signal);
        const {record, done, epoch} = this.#offsets.move({topic, partition}, nextOffset);
        const taken: TakenMessage[] = [];
        for (const message of messages)
            // A schema may ask somebody who doesn't answer: that keeps no process from ending.
            taken.push(await unlessAborted(signal, () => takeMessage(action, trigger, message, epoch)));
        await queue.enqueue(taken.map(({task}) => task), [record]);
        done();
        this.#tell(undefined);
        for (const [index, {poison}] of taken.entries()) {
            if (poison !== undefined)
                this.#report(messages[index] as RecordedMessage, poison, trigger);
        }
    }

    #report({topic, partition, offset, key}: RecordedMessage, {code, message: reason}: NonNullable<TakenMessage['poison']>, {deadLetterTopic}: MessageTrigger): void {
        const {action, log} = this.#options;
        log.warn({action: action.name, topic, partition, offset: String(offset), key, code, reason, deadLetterTopic}, 'A message can\'t be handled: it goes to the dead-letter topic');
    }
}

function triggersOf({name, triggers}: Action): ReadonlyMap<string, MessageTrigger> {
    const byTopic = new Map<string, MessageTrigger>();
    const invalid = (why: string): ConfigError => new ConfigError(`Action '${name}': ${why}`, {code: 'TRIGGER_INVALID'});
    for (const trigger of triggers.filter(one => one.kind === 'message')) {
        const wrong = [trigger.topic, trigger.deadLetterTopic].find((topic: unknown) => !isTopicName(topic));
        if (wrong !== undefined)
            throw invalid(`'${wrong}' is no topic: it takes 1 to 249 letters, digits, dots, - and _.`);
        if (byTopic.has(trigger.topic))
            throw invalid(`it has two triggers for the topic '${trigger.topic}'. Let one take all its messages.`);
        byTopic.set(trigger.topic, trigger);
    }
    for (const {topic} of byTopic.values()) {
        const circle = circleFrom(topic, byTopic);
        if (circle !== undefined)
            throw invalid(`what it can't handle would come back to it for ever: ${circle.map(one => `'${one}'`).join(' to ')}. Give dead letters a topic that it doesn't take them from again.`);
    }
    return byTopic;
}

/** The way of a message that no trigger can handle, where it leads back to its topic. */
function circleFrom(topic: string, byTopic: ReadonlyMap<string, MessageTrigger>): readonly string[] | undefined {
    const way = [topic];
    for (let next = byTopic.get(topic)?.deadLetterTopic; next !== undefined && way.length <= byTopic.size; next = byTopic.get(next)?.deadLetterTopic) {
        way.push(next);
        if (next === topic)
            return way;
    }
    return undefined;
}
