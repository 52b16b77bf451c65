import {StaleRecordError} from '../errors/index.ts';
import {delay} from '../shared/delay.ts';
import type {Owner, Self} from '../shared/owner.ts';
import type {Registry} from './registry.ts';

const INSTANCE = 'instance/';

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

    #others(): Instance[] {
        const now = performance.now();
        return this.#registry.list(INSTANCE).flatMap(([key, {value, token}]) => {
            const instance = JSON.parse(value) as Instance;
            if (instance.owner.id === this.#self.owner.id || this.#self.isGone(instance.owner))
                return [];
            const seen = this.#seen.get(key);
            if (seen?.token === token)
                return now - seen.since > this.#leaseMs ? [] : [instance];
            this.#seen.set(key, {token, since: now});
            return [instance];
        });
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
            .filter(([, {value}]) => this.#self.isGone((JSON.parse(value) as Instance).owner))
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
