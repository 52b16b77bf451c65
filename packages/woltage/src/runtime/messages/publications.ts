import type {EventCatalogue} from '../../events/index.ts';
import {silentLogger} from '../../shared/logger.ts';
import type {Self} from '../../shared/owner.ts';
import type {Adapters} from '../adapters.ts';
import type {WoltageConfig} from '../config.ts';
import type {Health} from '../health.ts';
import type {Reveal} from '../personal/personal-data.ts';
import {startTogether} from '../stages.ts';
import {compilePublications} from './compiled-publication.ts';
import {EventPublisher} from './event-publisher.ts';

/** How a publication stands. */
export interface PublicationStatus {
    readonly topic: string;
    readonly name: string;
    /** All events up to it have been published; `undefined`: none yet. */
    readonly position: bigint | undefined;
    /** Positions up to the last event that is to be published; 0n when all are. */
    readonly lag: bigint;
    /** Whether this process publishes; one of all does. */
    readonly isWorking: boolean;
    /** Why it doesn't get on at present, as far as this process knows. */
    readonly error: Error | undefined;
}

/** The publications of one runtime. */
export class Publications {
    readonly #publishers: readonly EventPublisher[];

    /** @throws ConfigError `PUBLICATION_INVALID`, `BROKER_MISSING` */
    constructor(config: WoltageConfig, catalogue: EventCatalogue, adapters: Adapters, reveal: Reveal, self: Self) {
        const {eventStore, messageBroker, internalStore} = adapters;
        const compiled = compilePublications(config.publications ?? [], catalogue, messageBroker !== undefined);
        this.#publishers = messageBroker === undefined ? [] : compiled.map(publication => new EventPublisher({
            publication, eventStore, self, broker: messageBroker, log: config.logger ?? silentLogger,
            reveal: publication.isDecrypted ? reveal : undefined,
            store: internalStore.scope({namespace: `_woltage_publication/${publication.topic}`, tables: {}})
        }));
    }

    async start(): Promise<void> {
        await startTogether(this.#publishers);
    }

    async stop(): Promise<void> {
        await Promise.all(this.#publishers.map(publisher => publisher.stop()));
    }

    get health(): Health['publications'] {
        return Object.fromEntries(this.#publishers.map(({publication: {topic, name}, error}) => [`${topic}/${name}`, {...error !== undefined && {error: error.message}}]));
    }

    /** Those that have something to publish, in words. */
    async left(): Promise<readonly {readonly what: string}[]> {
        return (await this.status()).filter(({lag}) => lag > 0n)
            .map(({topic, name, lag, error}) => ({what: `publication '${topic}/${name}', which is ${lag} positions behind${error === undefined ? '' : `: ${error.message}`}`}));
    }

    async status(): Promise<readonly PublicationStatus[]> {
        return Promise.all(this.#publishers.map(async publisher => {
            const {publication: {topic, name}, isWorking, error} = publisher;
            const [mark, head] = await Promise.all([publisher.mark(), publisher.head()]);
            const behind = (head ?? -1n) - (mark?.position ?? -1n);
            return {topic, name, position: mark?.position, lag: behind > 0n ? behind : 0n, isWorking, error};
        }));
    }
}
