import type {AdapterConfig, BrokerPublishOptions, IMessageBroker, TopicMessage} from 'woltage';

/** A message that has been published. */
export interface PublishedMessage {
    readonly topic: string;
    readonly key: string | null;
    /** Parsed, where it is JSON; else text. */
    readonly value: unknown;
    readonly headers: Readonly<Record<string, string>>;
}

/** A message broker that notes what it has published. */
export function recorded({adapter: Broker, args}: AdapterConfig<IMessageBroker>, published: PublishedMessage[]): AdapterConfig<IMessageBroker> {
    class RecordingBroker extends (Broker as new (...args: readonly unknown[]) => IMessageBroker) {
        override async publish(messages: readonly TopicMessage[], options?: BrokerPublishOptions): Promise<void> {
            await super.publish(messages, options);
            published.push(...messages.map(toPublished));
        }
    }
    return {adapter: RecordingBroker, ...args !== undefined && {args}};
}

function toPublished({topic, key = null, value, headers = {}}: TopicMessage): PublishedMessage {
    return {topic, key, value: value === null ? null : parsed(typeof value === 'string' ? value : new TextDecoder().decode(value)), headers};
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        // It is no JSON, but text.
        return text;
    }
}
