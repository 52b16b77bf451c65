import {BadRequestError, ConflictError, NotFoundError, UnavailableError} from '../errors/index.ts';
import {delay} from '../shared/delay.ts';
import {Mutex} from '../shared/mutex.ts';
import {uuidV7} from '../shared/uuid.ts';
import {checkSwitch, isWorkedOn, Positions} from './active-version.ts';
import {SwitchConductor} from './hand-over.ts';
import {handOnAll} from './outbox.ts';
import type {NameState} from './name-states.ts';
import type {Projection} from './projection.ts';
import type {ProjectionDefinition} from './projection-definitions.ts';
import type {ProjectionEntry} from './projection-entry.ts';
import {ProjectionSet, type ProjectionSetOptions} from './projection-set.ts';
import {projectorId} from './projector.ts';

export interface RemoveOptions {
    /** Removes it even though it is active. @default false */
    readonly force?: boolean | undefined;
    /** Deletes its rows too. @default false */
    readonly deleteData?: boolean | undefined;
}

/** How long an addition waits for the first batch: with a short history it is live then. */
const FIRST_BATCH_MS = 1000;
/** How long a forced switch waits for whoever works on the version that it takes over from, in ms. */
const FORCED_HOLD_MS = 2000;
/** How long processes may go on with a version after a switch, in ms, before its data may vanish. */
const GRACE_MS = 400;
const RELEASE_MS = 3000;

const later = (a: bigint, b: bigint): bigint => a > b ? a : b;

/** Adds, switches and removes projections, one change at a time. */
export class ProjectionService {
    readonly #options: ProjectionSetOptions;
    readonly #set: ProjectionSet;
    readonly #conductor: SwitchConductor;
    readonly #positions: Positions;
    readonly #changes = new Mutex();
    #stopping = new AbortController();

    constructor(options: ProjectionSetOptions) {
        this.#options = options;
        this.#set = new ProjectionSet(options);
        this.#positions = new Positions(id => this.#set.get(id), options.self);
        this.#conductor = new SwitchConductor(this.#set, options.self, this.#positions);
    }

    async start(): Promise<void> {
        this.#stopping = new AbortController();
        await this.#set.start();
    }

    /** What is registered, as this process sees it. */
    get set(): ProjectionSet {
        return this.#set;
    }

    async stop(): Promise<void> {
        // A switch that waits for others would hold everything up.
        this.#stopping.abort();
        await this.#changes.run(() => this.#set.stop());
    }

    get(name: string, version: number): Projection | undefined {
        return this.#set.get(`${name}@${version}`)?.projection;
    }

    /** The version that is active. */
    activeVersion(name: string): number | null {
        return this.#set.states.get(name).active;
    }

    /** @throws UnavailableError `PROJECTION_NOT_ACTIVE` */
    activeParts(name: string): NonNullable<ProjectionEntry['parts']> {
        const {active} = this.#set.states.get(name);
        const parts = active === null ? undefined : this.#set.get(`${name}@${active}`)?.parts;
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
        const projector = projectors.get(projectorId(projectorName, projectorVersion));
        if (projector === undefined)
            throw new NotFoundError(`There is no projector '${projectorName}@${projectorVersion}'. There are: ${[...projectors.keys()].join(', ') || 'none'}.`, {code: 'UNKNOWN_PROJECTOR'});
        if (!stores.has(storeName))
            throw new NotFoundError(`There is no store '${storeName}' in the config's \`stores\`. There are: ${[...stores.keys()].join(', ') || 'none'}.`, {code: 'UNKNOWN_STORE'});
        const definition = {name, version, projectorName, projectorVersion, storeName, generation: uuidV7(), partitions: projector.partitions ?? 1};
        return this.#changes.run(async () => {
            if (this.#set.get(`${name}@${version}`) === undefined)
                await this.#register(definition);
            const entry = this.#set.find(name, version);
            checkSame(entry, definition);
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
            const seen = await this.#conductor.rest(name, this.#stopping.signal);
            const {active} = seen;
            const to = this.#set.find(name, version);
            if (active === version)
                return;
            const from = active === null ? undefined : this.#set.get(`${name}@${active}`);
            const canHandOver = to.projection.isLiveTracking && from !== undefined && await isWorkedOn(from, this.#options.self);
            if (!force)
                checkSwitch(from, to, canHandOver);
            await this.#switch(seen, from, to, canHandOver);
        });
    }

    /**
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     * @throws ConflictError `PROJECTION_ACTIVE` unless forced
     */
    async remove(name: string, version: number, {force = false, deleteData = false}: RemoveOptions = {}): Promise<void> {
        await this.#changes.run(async () => {
            const entry = this.#set.find(name, version);
            const {definition, projection} = entry;
            if (this.activeVersion(name) === version) {
                if (!force)
                    throw new ConflictError(`Projection '${projection.id}' is active. Activate another version first, or force the removal.`, {code: 'PROJECTION_ACTIVE'});
                const {signal} = this.#stopping;
                const seen = await this.#conductor.rest(name, signal);
                if (seen.active === version)
                    await this.#conductor.conduct({name, seen, holds: [definition], meet: false, active: null, atLeast: seen.cursor, holdMs: FORCED_HOLD_MS, signal});
            }
            await this.#set.definitions.remove(projection.id);
            await this.#set.settled();
            await this.#clearUp(entry, deleteData);
        });
    }

    /** Whether another process works on a projection that this one doesn't work on. @throws NotFoundError `UNKNOWN_PROJECTION` */
    async isWorkedOnElsewhere(name: string, version: number): Promise<boolean> {
        const entry = this.#set.find(name, version);
        const isOurs = entry.parts?.work.workers.some(({isOwner}) => isOwner) ?? false;
        return !isOurs && isWorkedOn(entry, this.#options.self);
    }

    async #register(definition: ProjectionDefinition): Promise<void> {
        const id = `${definition.name}@${definition.version}`;
        try {
            await this.#set.definitions.add(definition);
        } catch (error) {
            // Added by another process in this very moment: whether it is the same is seen by the caller.
            if (this.#set.get(id) === undefined)
                throw error;
        }
        await this.#set.settled();
        const work = this.#set.get(id)?.parts?.work;
        if (!this.#set.isStarted || work === undefined)
            return;
        const done = new AbortController();
        const first = async (): Promise<void> => {
            for (const before = work.position; work.state === 'replaying' && work.position === before && !done.signal.aborted;)
                await work.next(['state', 'batch'], done.signal);
        };
        await Promise.race([first(), delay(FIRST_BATCH_MS, done.signal)]);
        done.abort();
    }

    async #switch(seen: NameState, from: ProjectionEntry | undefined, to: ProjectionEntry, canHandOver: boolean): Promise<void> {
        const {name, version} = to.definition;
        if (to.parts === undefined)
            throw new UnavailableError(`Projection '${to.projection.id}' can't be activated: its projector or its store is not known here.`, {code: 'PROJECTION_UNAVAILABLE'});
        await to.parts.store.createTables();
        const {cursor} = seen;
        const change = {name, seen, active: version, signal: this.#stopping.signal};
        if (from === undefined) {
            // The first activation: everything that is in the event store by now is history.
            const head = await this.#options.eventStore.getLatestPosition() ?? -1n;
            await this.#conductor.conduct({...change, holds: [to.definition], meet: false, atLeast: later(head, cursor), holdMs: FORCED_HOLD_MS});
        } else if (canHandOver) {
            await this.#conductor.conduct({...change, holds: [from.definition, to.definition], meet: true, atLeast: cursor});
        } else {
            // One of them can't be brought to the other's position: the effects go on where the old version has left off.
            this.#options.log.warn({from: from.projection.id, to: to.projection.id}, 'A forced switch: events that only the new version has handled so far have no side effects');
            await this.#conductor.conduct({...change, holds: [from.definition], meet: false, atLeast: cursor, holdMs: FORCED_HOLD_MS});
        }
    }

    /** Sees to what a removed projection leaves behind. */
    async #clearUp({definition, data}: ProjectionEntry, deleteData: boolean): Promise<void> {
        if (data === undefined)
            return;
        if (deleteData) {
            await this.#untilUnused(definition);
            await this.#positions.untilReleased(data, definition.partitions, RELEASE_MS);
        }
        await handOnAll(data, this.#options.intents);
        if (deleteData)
            await data.dropTables();
    }

    /** Other processes may answer queries from a version that has just been active. */
    async #untilUnused({name}: ProjectionDefinition): Promise<void> {
        await delay(Math.max(0, this.#set.changedAt(name) + GRACE_MS - performance.now()));
    }
}

function checkProjectionId(name: unknown, version: unknown): void {
    if (typeof name !== 'string' || name === '' || name.length > 200)
        throw new BadRequestError('A projection\'s name is a string of 1 to 200 characters.', {code: 'INVALID_PROJECTION'});
    if (!Number.isSafeInteger(version) || (version as number) < 1)
        throw new BadRequestError(`The version of projection '${name}' must be a whole number from 1.`, {code: 'INVALID_PROJECTION'});
}

function checkSame({definition, projection}: ProjectionEntry, {projectorName, projectorVersion, storeName}: ProjectionDefinition): void {
    if (definition.projectorName !== projectorName || definition.projectorVersion !== projectorVersion || definition.storeName !== storeName)
        throw new ConflictError(`Projection '${projection.id}' already exists, with projector '${definition.projectorName}@${definition.projectorVersion}' on store `
            + `'${definition.storeName}'. Add it under another version, or remove it first.`, {code: 'PROJECTION_EXISTS'});
}
