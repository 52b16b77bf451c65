import type {IKafkaDriver, IKafkaReader} from '../driver/kafka-driver.ts';

/** Kafka forgets what was noted with a group without members after a while (a week by default): it is noted again. */
const REFRESH_MS = 3_600_000;

/** Remembers in Kafka where "now" was when a source was connected for the first time, so that it is the same place after a restart, and for every projection. */
export class Anchor {
    readonly #driver: IKafkaDriver;
    readonly #topic: string;
    readonly #group: string;
    #noted: Promise<readonly bigint[]> | undefined;
    #refresh: NodeJS.Timeout | undefined;
    #wasMissing = false;

    constructor(driver: IKafkaDriver, topic: string, group: string) {
        this.#driver = driver;
        this.#topic = topic;
        this.#group = group;
    }

    /** The offsets of "now", in the order of the partitions. @throws DriverError */
    async offsets(reader: IKafkaReader, partitions: number): Promise<readonly bigint[]> {
        const known = await this.#noted?.catch(() => undefined);
        if (known?.length === partitions)
            return known;
        return this.#noted = this.#find(reader, partitions);
    }

    /** There is no topic: "now" is where it will begin, whenever that is. */
    noteMissing(): void {
        this.#wasMissing = true;
    }

    close(): void {
        clearInterval(this.#refresh);
    }

    async #find(reader: IKafkaReader, partitions: number): Promise<readonly bigint[]> {
        const places = Array.from({length: partitions}, (_, partition) => ({topic: this.#topic, partition}));
        const noted = await this.#driver.notedOffsets(this.#group, places);
        // A partition that has come since then belongs to it as a whole.
        const isFirst = noted.every(offset => offset === undefined) && !this.#wasMissing;
        const found = isFirst ? await reader.offsets(places, 'end') : noted.map(offset => offset ?? 0n);
        const offsets = places.map((place, index) => ({...place, offset: found[index] ?? 0n}));
        await this.#driver.noteOffsets(this.#group, offsets);
        clearInterval(this.#refresh);
        this.#refresh = setInterval(() => {
            // The next hour is early enough.
            this.#driver.noteOffsets(this.#group, offsets).catch(() => undefined);
        }, REFRESH_MS).unref();
        return found;
    }
}
