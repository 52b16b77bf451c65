import {StaleRecordError} from '../errors/index.ts';
import {delay} from '../shared/delay.ts';
import type {Owner, Self} from '../shared/owner.ts';
import type {Registry} from './registry.ts';

const INSTANCE = 'instance/';
/** After so many leases without a sign of life the record of an instance is removed; one that was asleep makes it anew. */
const FORGOTTEN_LEASES = 10;

interface Instance {
    readonly owner: Owner;
    /** The projectors that its code knows, as `name@version`. */
    readonly projectors: readonly string[];
}

/** The running instances, of one release of the code or of several. Each shows that it is alive, a few times in the time of a lease. */
export class Instances {
    readonly #registry: Registry;
    readonly #self: Self;
    readonly #leaseMs: number;
    readonly #projectors: readonly string[];
    readonly #seen = new Map<string, {readonly token: string; readonly since: number}>();
    #abort: AbortController | undefined;
    #beating: Promise<void> = Promise.resolve();

    constructor(registry: Registry, self: Self, leaseMs: number, projectors: readonly string[]) {
        this.#projectors = projectors;
        this.#registry = registry;
        this.#self = self;
        this.#leaseMs = leaseMs;
    }

    /** Makes itself known from now on. Repeated calls do nothing. */
    join(): void {
        if (this.#abort !== undefined)
            return;
        this.#abort = new AbortController();
        this.#beating = this.#beat(this.#abort.signal);
    }

    async leave(): Promise<void> {
        this.#abort?.abort();
        this.#abort = undefined;
        await this.#beating;
    }

    /** How many are alive, this one among them. */
    get count(): number {
        return this.#others().length + 1;
    }

    /** Whether all other instances that are alive know a projector. */
    allKnow(projector: string): boolean {
        return this.#others().every(({projectors}) => projectors.includes(projector));
    }

    /** Whether another instance that is alive knows a projector. */
    anyKnows(projector: string): boolean {
        return this.#others().some(({projectors}) => projectors.includes(projector));
    }

    /** Whether an instance has made itself known and then given no sign of life for the time of a lease, or is known to be gone. */
    isDead(owner: Owner): boolean {
        return this.#self.isGone(owner) || this.#silentFor(INSTANCE + owner.id) > this.#leaseMs;
    }

    #others(): Instance[] {
        return this.#registry.list(INSTANCE).flatMap(([, {value}]) => {
            const instance = JSON.parse(value) as Instance;
            return instance.owner.id === this.#self.owner.id || this.isDead(instance.owner) ? [] : [instance];
        });
    }

    /** For how long the record hasn't changed, in ms, as far as this process has seen. */
    #silentFor(key: string): number {
        const record = this.#registry.get(key);
        const now = performance.now();
        const seen = this.#seen.get(key);
        if (record === undefined) {
            this.#seen.delete(key);
            return 0;
        }
        if (seen?.token === record.token)
            return now - seen.since;
        this.#seen.set(key, {token: record.token, since: now});
        return 0;
    }

    async #beat(signal: AbortSignal): Promise<void> {
        const key = INSTANCE + this.#self.owner.id;
        const value = JSON.stringify({owner: this.#self.owner, projectors: this.#projectors});
        while (!signal.aborted) {
            await this.#write({[key]: value, ...this.#gone()});
            await delay(this.#leaseMs / 4, signal);
        }
        await this.#write({[key]: null});
    }

    /** The records of instances that have died. */
    #gone(): Record<string, null> {
        return Object.fromEntries(this.#registry.list(INSTANCE)
            .filter(([key, {value}]) => this.#silentFor(key) > FORGOTTEN_LEASES * this.#leaseMs || this.#self.isGone((JSON.parse(value) as Instance).owner))
            .map(([key]) => [key, null]));
    }

    async #write(changes: Record<string, string | null>): Promise<void> {
        try {
            await this.#registry.write(changes);
        } catch (error) {
            // Somebody else has cleared up, or the store is away, which the registry tells: the next beat comes.
            if (!(error instanceof StaleRecordError))
                await delay(100);
        }
    }
}
