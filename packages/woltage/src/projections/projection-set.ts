import {NotFoundError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import {inBackground} from '../shared/background.ts';
import {Instances} from './instances.ts';
import {NameStates} from './name-states.ts';
import type {Projection} from './projection.ts';
import {ProjectionDefinitions, type ProjectionDefinition} from './projection-definitions.ts';
import {createEntry, type ProjectionDependencies, type ProjectionEntry} from './projection-entry.ts';
import {projectorId, type ProjectorClass} from './projector.ts';
import {Registry} from './registry.ts';
import {ReplayTurns} from './replay-turns.ts';

export interface ProjectionSetOptions extends Omit<ProjectionDependencies, 'registry' | 'states' | 'instances' | 'turns' | 'onTaken'> {
    readonly internalStore: IStore;
    readonly stores: ReadonlyMap<string, IStore>;
    /** By `name@version`. */
    readonly projectors: ReadonlyMap<string, ProjectorClass>;
}

const idOf = ({name, version}: {readonly name: string; readonly version: number}): string => `${name}@${version}`;

/** The registered projections in this process: always those that the registry lists, whoever has added or removed them. */
export class ProjectionSet {
    readonly registry: Registry;
    readonly definitions: ProjectionDefinitions;
    readonly states: NameStates;
    readonly instances: Instances;
    readonly #options: ProjectionSetOptions;
    readonly #entries = new Map<string, ProjectionEntry>();
    readonly #transitions = new Set<Promise<void>>();
    readonly #activeSince = new Map<string, {readonly version: number | null; readonly at: number}>();
    readonly #listeners: (() => void)[] = [];
    readonly #turns = new ReplayTurns();
    #started = false;
    #unlisten = (): void => undefined;

    constructor(options: ProjectionSetOptions) {
        const {internalStore, log, self, tuning, projectors} = options;
        this.#options = options;
        this.registry = new Registry(internalStore, log);
        this.definitions = new ProjectionDefinitions(this.registry);
        this.states = new NameStates(this.registry);
        this.instances = new Instances(this.registry, self, tuning.leaseMs, [...projectors.keys()]);
    }

    get isStarted(): boolean {
        return this.#started;
    }

    /** Restores what is registered, and follows what other processes change. */
    async open(): Promise<void> {
        this.#entries.clear();
        await this.registry.open();
        this.#unlisten = this.registry.onChange(() => this.#sync());
        this.#sync();
    }

    async close(): Promise<void> {
        this.#unlisten();
        await this.registry.close();
    }

    async start(): Promise<void> {
        this.#started = true;
        this.instances.join();
        await Promise.all(this.#works().map(work => work.start()));
    }

    async stop(): Promise<void> {
        this.#started = false;
        await Promise.all(this.#works().map(work => work.stop()));
        await this.settled();
        await this.instances.leave();
    }

    /** Resolves when what has been registered or removed so far is known to work, or to rest. */
    async settled(): Promise<void> {
        await Promise.all(this.#transitions);
    }

    /** Calls the listener whenever this process or another has changed something, or a slice was taken over. */
    onChange(listener: () => void): void {
        this.#listeners.push(listener);
    }

    all(): readonly Projection[] {
        return [...this.#entries.values()].map(({projection}) => projection);
    }

    /** By `name@version`. */
    get(id: string): ProjectionEntry | undefined {
        return this.#entries.get(id);
    }

    /** @throws NotFoundError `UNKNOWN_PROJECTION` */
    find(name: string, version: number): ProjectionEntry {
        const entry = this.#entries.get(`${name}@${version}`);
        if (entry === undefined)
            throw new NotFoundError(`There is no projection '${String(name)}@${String(version)}'.`, {code: 'UNKNOWN_PROJECTION'});
        return entry;
    }

    /** When the active version of a name was seen to change, by `performance.now()`; 0 when it hasn't. */
    changedAt(name: string): number {
        return this.#activeSince.get(name)?.at ?? 0;
    }

    #works() {
        return [...this.#entries.values()].flatMap(({parts}) => parts === undefined ? [] : [parts.work]);
    }

    /** Brings this process to what the registry says. */
    #sync(): void {
        const defined = new Map(this.definitions.all().map(definition => [idOf(definition), definition]));
        for (const [id, {definition: {generation}, parts}] of [...this.#entries]) {
            if (defined.get(id)?.generation === generation)
                continue;
            this.#entries.delete(id);
            this.#track(parts?.work.stop());
        }
        for (const [id, definition] of defined) {
            if (!this.#entries.has(id))
                this.#enter(id, definition);
        }
        this.#noteSwitches();
        for (const {parts} of this.#entries.values()) {
            parts?.hold.apply();
            parts?.work.workers.forEach(worker => worker.yieldIfTooMany());
        }
        this.#tell();
    }

    #enter(id: string, definition: ProjectionDefinition): void {
        const {projectors, stores, log} = this.#options;
        const projector = projectors.get(projectorId(definition.projectorName, definition.projectorVersion));
        const entry = createEntry(definition, projector, stores.get(definition.storeName), {
            ...this.#options, registry: this.registry, states: this.states, instances: this.instances, turns: this.#turns, onTaken: () => this.#tell()
        });
        if (entry.parts === undefined)
            log.warn({projection: id, projector: `${definition.projectorName}@${definition.projectorVersion}`, store: definition.storeName, partitions: definition.partitions},
                'This process doesn\'t know the projector (or not with this number of partitions) or the store of a registered projection and leaves it alone');
        this.#entries.set(id, entry);
        if (this.#started)
            this.#track(entry.parts?.work.start());
    }

    #noteSwitches(): void {
        for (const name of this.states.names()) {
            const {active} = this.states.get(name);
            if (this.#activeSince.get(name)?.version !== active)
                this.#activeSince.set(name, {version: active, at: performance.now()});
        }
    }

    #track(transition: Promise<void> | undefined): void {
        if (transition === undefined)
            return;
        this.#transitions.add(transition);
        inBackground(transition.finally(() => this.#transitions.delete(transition)),
            error => this.#options.log.error({err: error}, 'A projection could not be started or stopped'));
    }

    #tell(): void {
        for (const listener of this.#listeners)
            listener();
    }
}
