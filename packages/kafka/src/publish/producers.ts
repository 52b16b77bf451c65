import type {IKafkaProducer} from '../driver/kafka-driver.ts';

/** A producer for one batch and its repetitions. */
export interface ProducerLease {
    readonly send: IKafkaProducer['send'];
    /** Batches to come get another producer: this one's place in the sequences is not known any more. */
    retire(): void;
    release(): void;
}

interface Counted {
    readonly producer: IKafkaProducer;
    users: number;
    isRetired: boolean;
}

/** The producer of the day. One that has failed for good is closed as soon as no batch needs it any more. */
export class Producers {
    readonly #make: () => IKafkaProducer;
    readonly #onError: (error: unknown) => void;
    readonly #closing = new Set<Promise<void>>();
    #current: Counted | undefined;

    constructor(make: () => IKafkaProducer, onError: (error: unknown) => void) {
        this.#make = make;
        this.#onError = onError;
    }

    readonly acquire = (): ProducerLease => {
        const counted = this.#current ??= {producer: this.#make(), users: 0, isRetired: false};
        counted.users++;
        return {
            send: (place, messages) => counted.producer.send(place, messages),
            retire: () => this.#retire(counted),
            release: () => {
                counted.users--;
                this.#closeUnused(counted);
            }
        };
    };

    /** To be called when nobody uses them any more. */
    async close(): Promise<void> {
        if (this.#current !== undefined)
            this.#retire(this.#current);
        await Promise.all(this.#closing);
    }

    #retire(counted: Counted): void {
        counted.isRetired = true;
        if (this.#current === counted)
            this.#current = undefined;
        this.#closeUnused(counted);
    }

    #closeUnused({producer, users, isRetired}: Counted): void {
        if (!isRetired || users > 0)
            return;
        const closed = producer.close().catch(this.#onError).finally(() => this.#closing.delete(closed));
        this.#closing.add(closed);
    }
}
