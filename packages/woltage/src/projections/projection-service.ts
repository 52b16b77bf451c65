import {BadRequestError, ConflictError, NotFoundError, UnavailableError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import {Mutex} from '../shared/mutex.ts';
import {uuidV7} from '../shared/uuid.ts';
import {readCheckpoint} from './checkpoint.ts';
import {canHandOver, checkSwitch, handOver, holdAt} from './hand-over.ts';
import type {Projection} from './projection.ts';
import {createEntry, positionOf, type ProjectionDependencies, type ProjectionEntry, type ProjectionParts} from './projection-entry.ts';
import {ProjectionRecords, type NameState, type ProjectionDefinition} from './projection-records.ts';
import type {ProjectionWorker} from './projection-worker.ts';
import {projectorId, type ProjectorClass} from './projector.ts';

export interface ProjectionServiceOptions extends Omit<ProjectionDependencies, 'stateOf'> {
    readonly internalStore: IStore;
    readonly stores: ReadonlyMap<string, IStore>;
    /** By `name@version`. */
    readonly projectors: ReadonlyMap<string, ProjectorClass>;
}

export interface RemoveOptions {
    /** Removes it even though it is active. @default false */
    readonly force?: boolean | undefined;
    /** Deletes its rows too. @default false */
    readonly deleteData?: boolean | undefined;
}

/** How long an addition waits for the first batch: with a short history it is live then. */
const FIRST_BATCH_MS = 1000;

/** The registered projections: adds, switches and removes them, one change at a time. */
export class ProjectionService {
    readonly #options: ProjectionServiceOptions;
    readonly #records: ProjectionRecords;
    readonly #entries = new Map<string, ProjectionEntry>();
    readonly #changes = new Mutex();
    #started = false;

    constructor(options: ProjectionServiceOptions) {
        this.#options = options;
        this.#records = new ProjectionRecords(options.internalStore);
    }

    /** Restores what was registered before. */
    async load(): Promise<void> {
        this.#entries.clear();
        for (const definition of await this.#records.load())
            this.#register(definition);
    }

    async start(): Promise<void> {
        this.#started = true;
        await Promise.all(this.#workers().map(worker => worker.start()));
    }

    async stop(): Promise<void> {
        this.#started = false;
        await this.#changes.run(() => Promise.all(this.#workers().map(worker => worker.stop())));
    }

    all(): readonly Projection[] {
        return [...this.#entries.values()].map(({projection}) => projection);
    }

    get(name: string, version: number): Projection | undefined {
        return this.#entries.get(`${name}@${version}`)?.projection;
    }

    /** The version that is active. */
    activeVersion(name: string): number | null {
        return this.#records.state(name).active;
    }

    /** @throws UnavailableError `PROJECTION_NOT_ACTIVE` */
    activeParts(name: string): NonNullable<ProjectionEntry['parts']> {
        const {active} = this.#records.state(name);
        const parts = active === null ? undefined : this.#entries.get(`${name}@${active}`)?.parts;
        if (parts === undefined)
            throw new UnavailableError(`No version of projection '${name}' is active here. Add one with addProjection, and activate it with `
                + 'setProjectionActive when it is live.', {code: 'PROJECTION_NOT_ACTIVE'});
        return parts;
    }

    /**
     * @throws BadRequestError `INVALID_PROJECTION`
     * @throws NotFoundError `UNKNOWN_PROJECTOR`, `UNKNOWN_STORE`
     * @throws ConflictError `PROJECTION_EXISTS` when it exists with another projector or store
     */
    async add(name: string, version: number, projectorName: string, projectorVersion: number, storeName: string): Promise<Projection> {
        checkProjectionId(name, version);
        const {projectors, stores} = this.#options;
        if (!projectors.has(projectorId(projectorName, projectorVersion)))
            throw new NotFoundError(`There is no projector '${projectorName}@${projectorVersion}'. There are: ${[...projectors.keys()].join(', ') || 'none'}.`, {code: 'UNKNOWN_PROJECTOR'});
        if (!stores.has(storeName))
            throw new NotFoundError(`There is no store '${storeName}' in the config's \`stores\`. There are: ${[...stores.keys()].join(', ') || 'none'}.`, {code: 'UNKNOWN_STORE'});
        return this.#changes.run(async () => {
            const existing = this.#entries.get(`${name}@${version}`);
            if (existing !== undefined)
                return sameProjection(existing, projectorName, projectorVersion, storeName);
            const definition = {name, version, projectorName, projectorVersion, storeName, generation: uuidV7()};
            await this.#records.add(definition);
            const entry = this.#register(definition);
            if (this.#started) {
                await entry.parts?.worker.start();
                await entry.parts?.worker.firstBatch(FIRST_BATCH_MS);
            }
            return entry.projection;
        });
    }

    /**
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     * @throws ConflictError `PROJECTION_NOT_LIVE`, `PROJECTION_FAULTED` (unless forced), `PROJECTION_CHANGED`
     * @throws UnavailableError `PROJECTION_UNAVAILABLE`, `POSITION_TIMEOUT`
     */
    async setActive(name: string, version: number, force: boolean): Promise<void> {
        await this.#changes.run(async () => {
            const to = this.#find(name, version);
            const state = this.#records.state(name);
            if (state.active === version)
                return;
            const from = state.active === null ? undefined : this.#entries.get(`${name}@${state.active}`);
            if (!force)
                checkSwitch(from, to);
            await this.#switch(state, from, to);
        });
    }

    /**
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     * @throws ConflictError `PROJECTION_ACTIVE` unless forced
     */
    async remove(name: string, version: number, {force = false, deleteData = false}: RemoveOptions = {}): Promise<void> {
        await this.#changes.run(async () => {
            const {parts, projection, data} = this.#find(name, version);
            const state = this.#records.state(name);
            if (state.active === version) {
                if (!force)
                    throw new ConflictError(`Projection '${projection.id}' is active. Activate another version first, or force the removal.`, {code: 'PROJECTION_ACTIVE'});
                const deactivate = (cursor: bigint): Promise<void> =>
                    this.#records.setState(name, {active: null, epoch: state.epoch + 1, cursor});
                await (parts === undefined ? deactivate(state.cursor) : holdAt(parts, state.cursor, deactivate));
            }
            await this.#records.remove(name, version);
            this.#entries.delete(projection.id);
            await parts?.worker.stop();
            if (deleteData)
                await data?.dropTables();
        });
    }

    /** Whether another process works on a projection that this one can't work on. @throws NotFoundError `UNKNOWN_PROJECTION` */
    async isWorkedOnElsewhere(name: string, version: number): Promise<boolean> {
        const {data, parts} = this.#find(name, version);
        if (parts !== undefined || data === undefined)
            return parts?.worker.state === 'standby';
        const {owner = null} = await readCheckpoint(data) ?? {};
        return owner !== null && !this.#options.self.isGone(owner);
    }

    /** Starts a faulted projection again. @throws NotFoundError `UNKNOWN_PROJECTION` */
    async retry(name: string, version: number): Promise<void> {
        await this.#changes.run(() => this.#find(name, version).parts?.worker.retry());
    }

    #register(definition: ProjectionDefinition): ProjectionEntry {
        const {projectors, stores, log} = this.#options;
        const projector = projectors.get(projectorId(definition.projectorName, definition.projectorVersion));
        const entry = createEntry(definition, projector, stores.get(definition.storeName), {
            ...this.#options, stateOf: name => this.#records.state(name)
        });
        if (entry.parts === undefined)
            log.warn({projection: entry.projection.id, projector: `${definition.projectorName}@${definition.projectorVersion}`, store: definition.storeName},
                'This process doesn\'t know the projector or the store of a registered projection and leaves it alone');
        this.#entries.set(entry.projection.id, entry);
        return entry;
    }

    async #switch(state: NameState, from: ProjectionEntry | undefined, to: ProjectionEntry): Promise<void> {
        const {name, version} = to.definition;
        const {parts} = to;
        if (parts === undefined)
            throw new UnavailableError(`Projection '${to.projection.id}' can't be activated: its projector or its store is not known here.`, {code: 'PROJECTION_UNAVAILABLE'});
        const activate = (cursor: bigint): Promise<void> =>
            this.#records.setState(name, {active: version, epoch: state.epoch + 1, cursor});
        await parts.store.createTables();
        if (from === undefined) {
            // The first activation: everything that is in the event store by now is history.
            const head = await this.#options.eventStore.getLatestPosition() ?? -1n;
            await holdAt(parts, head > state.cursor ? head : state.cursor, activate);
        } else if (from.parts !== undefined && canHandOver(from) && to.projection.isLiveTracking) {
            await handOver(from.parts, parts, activate);
        } else {
            await this.#forceSwitch(state, from, {id: to.projection.id, parts}, activate);
        }
    }

    /** One of them can't be brought to the other's position: the effects go on where the old version has left off. */
    async #forceSwitch(
        state: NameState, from: ProjectionEntry, to: {readonly id: string; readonly parts: ProjectionParts}, activate: (cursor: bigint) => Promise<void>
    ): Promise<void> {
        const ahead = await positionOf(to.parts);
        const leaveOff = async (cursor: bigint): Promise<void> => {
            if (ahead > cursor)
                this.#options.log.warn({from: from.projection.id, to: to.id, after: cursor.toString(), upTo: ahead.toString()},
                    'A forced switch leaves events without their side effects');
            await activate(cursor);
        };
        if (from.parts !== undefined)
            return holdAt(from.parts, state.cursor, leaveOff);
        const left = from.data === undefined ? undefined : (await readCheckpoint(from.data))?.position;
        await leaveOff(left !== undefined && left > state.cursor ? left : state.cursor);
    }

    #workers(): ProjectionWorker[] {
        return [...this.#entries.values()].flatMap(({parts}) => parts === undefined ? [] : [parts.worker]);
    }

    #find(name: string, version: number): ProjectionEntry {
        const entry = this.#entries.get(`${name}@${version}`);
        if (entry === undefined)
            throw new NotFoundError(`There is no projection '${String(name)}@${String(version)}'.`, {code: 'UNKNOWN_PROJECTION'});
        return entry;
    }

}

function checkProjectionId(name: unknown, version: unknown): void {
    if (typeof name !== 'string' || name === '' || name.length > 200)
        throw new BadRequestError('A projection\'s name is a string of 1 to 200 characters.', {code: 'INVALID_PROJECTION'});
    if (!Number.isSafeInteger(version) || (version as number) < 1)
        throw new BadRequestError(`The version of projection '${name}' must be a whole number from 1.`, {code: 'INVALID_PROJECTION'});
}

function sameProjection({definition, projection}: ProjectionEntry, projectorName: string, projectorVersion: number, storeName: string): Projection {
    if (definition.projectorName !== projectorName || definition.projectorVersion !== projectorVersion || definition.storeName !== storeName)
        throw new ConflictError(`Projection '${projection.id}' already exists, with projector '${definition.projectorName}@${definition.projectorVersion}' on store `
            + `'${definition.storeName}'. Add it under another version, or remove it first.`, {code: 'PROJECTION_EXISTS'});
    return projection;
}
