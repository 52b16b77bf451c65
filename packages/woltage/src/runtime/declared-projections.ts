import {ConfigError} from '../errors/index.ts';
import {projectorId, type Projection, type ProjectionService, type ProjectorClass} from '../projections/index.ts';
import {delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import type {DeclaredProjection} from './config.ts';

/** Between two tries to bring a name to what is declared, in ms. */
const RETRY_MS = 250;

/** What bringing the registered projections to those declared in the config would do; projections as `name@version`. */
export interface ProjectionPlan {
    /** Declared, but not registered yet. */
    readonly add: readonly string[];
    /** Those that have to work through the past before they are live: the ones to add, and the ones that are at it. */
    readonly replay: readonly string[];
    /** The newest declared version of a name, where another one is active or none. */
    readonly activate: readonly string[];
    /** Registered, but no longer declared: removed with their data. */
    readonly remove: readonly string[];
    /** Registered and not declared here, but not this process's to remove. */
    readonly leave: readonly {readonly projection: string; readonly reason: string}[];
}

type Resolved = Omit<DeclaredProjection, 'projector'> & {readonly projectorName: string; readonly projectorVersion: number};

const idOf = ({name, version}: {readonly name: string; readonly version: number}): string => `${name}@${version}`;

/**
 * Makes the registered projections match those declared in the config: adds what is missing, activates the newest version of
 * each name when it is live, and then removes what is no longer listed, with its data. Safe on many instances at once, also with different releases of the
 * code: what belongs to a newer release, or to code that isn't known here, is left alone, and a version is activated only when every running instance
 * can answer from it.
 */
export class DeclaredProjections {
    readonly #service: ProjectionService;
    readonly #declared: readonly Resolved[];
    readonly #projectors: ReadonlyMap<string, ProjectorClass>;
    readonly #log: Logger;
    #pending: Promise<unknown> = Promise.resolve();
    #abort = new AbortController();

    /** @throws ConfigError `PROJECTION_INVALID` */
    constructor(declared: readonly DeclaredProjection[], service: ProjectionService, projectors: ReadonlyMap<string, ProjectorClass>, log: Logger) {
        this.#service = service;
        this.#projectors = projectors;
        this.#log = log;
        this.#declared = declared.map(projection => resolve(projection, projectors));
    }

    /** What {@link reconcile} would do. Changes nothing. */
    plan(): ProjectionPlan {
        const registered = this.#service.set.all();
        const add = this.#declared.filter(({name, version}) => this.#service.get(name, version) === undefined);
        const replaying = registered.filter(projection => this.#declares(projection) && !projection.isLiveTracking);
        const activate = this.#names().flatMap(name => {
            const version = this.#newestVersion(name);
            return version === undefined || this.#service.activeVersion(name) === version || this.#isOutdated(name) ? [] : [{name, version}];
        });
        const undeclared = registered.filter(projection => !this.#declares(projection)).map(projection => ({projection, reason: this.#reasonToLeave(projection)}));
        return {
            add: add.map(idOf), replay: [...add, ...replaying].map(idOf), activate: activate.map(idOf),
            remove: undeclared.flatMap(({projection, reason}) => reason === undefined ? [projection.id] : []),
            leave: undeclared.flatMap(({projection, reason}) => reason === undefined ? [] : [{projection: projection.id, reason}])
        };
    }

    /** Resolves when all are added, and those that had nothing to replay are active. The rest goes on in the background. */
    async reconcile(): Promise<void> {
        this.#abort = new AbortController();
        const {signal} = this.#abort;
        for (const {name, version, projectorName, projectorVersion, store} of this.#declared)
            await this.#service.add(name, version, projectorName, projectorVersion, store);
        const background: Promise<void>[] = [];
        for (const name of this.#names()) {
            if (!await this.#settle(name))
                background.push(this.#settleInTime(name, signal));
        }
        this.#pending = Promise.all(background);
    }

    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#pending;
    }

    /** Tries until it is done: another process may be in the way, with an older release perhaps, and will be gone one day. */
    async #settleInTime(name: string, signal: AbortSignal): Promise<void> {
        for (await delay(RETRY_MS, signal); !signal.aborted; await delay(RETRY_MS, signal)) {
            if (await this.#settle(name))
                return;
        }
    }

    /** Activates the newest version and removes what isn't declared. @returns Whether all of it is done. Never rejects */
    async #settle(name: string): Promise<boolean> {
        try {
            return await this.#activate(name) && await this.#removeRetired(name);
        } catch (error) {
            this.#log.warn({err: error, projection: name}, 'A declared projection could not be activated yet, or a retired one removed');
            return false;
        }
    }

    async #activate(name: string): Promise<boolean> {
        const version = this.#newestVersion(name);
        if (version === undefined || this.#service.activeVersion(name) === version)
            return true;
        const newest = this.#service.get(name, version);
        if (newest?.isLiveTracking !== true || this.#isOutdated(name) || !this.#service.set.instances.allKnow(projectorId(newest.projectorName, newest.projectorVersion)))
            return false;
        await this.#service.setActive(name, version, await this.#mustForce(name));
        return true;
    }

    async #removeRetired(name: string): Promise<boolean> {
        let isDone = true;
        for (const projection of this.#service.set.all()) {
            if (projection.name !== name || this.#declares(projection) || this.#reasonToLeave(projection) !== undefined)
                continue;
            // It answers queries from it.
            if (projection.state === 'unavailable' && await this.#service.isWorkedOnElsewhere(name, projection.version))
                isDone = false;
            else
                await this.#service.remove(name, projection.version, {force: true, deleteData: true});
        }
        return isDone;
    }

    /** Why a projection that isn't declared here must not be removed; `undefined` when it may. */
    #reasonToLeave({name, version, projectorName, projectorVersion}: Projection): string | undefined {
        const newest = this.#newestVersion(name);
        const projector = projectorId(projectorName, projectorVersion);
        if (newest !== undefined)
            return version > newest ? `it is newer than '${name}@${newest}', which is declared here` : undefined;
        return this.#projectors.has(projector) ? undefined : `its projector '${projector}' is not known here`;
    }

    /** Whether a newer version than those declared here is active, and somebody can work on it. */
    #isOutdated(name: string): boolean {
        const active = this.#service.activeVersion(name);
        const newest = this.#newestVersion(name);
        if (active === null || newest === undefined || active < newest)
            return false;
        const projection = this.#service.get(name, active);
        if (projection === undefined)
            return false;
        const projector = projectorId(projection.projectorName, projection.projectorVersion);
        return this.#projectors.has(projector) || this.#service.set.instances.anyKnows(projector);
    }

    /** Where the active version's projector is gone from the code, and nobody works on it any more, nobody can hand over. */
    async #mustForce(name: string): Promise<boolean> {
        const version = this.#service.activeVersion(name);
        return version !== null && this.#service.get(name, version)?.state === 'unavailable'
            && !await this.#service.isWorkedOnElsewhere(name, version);
    }

    #names(): readonly string[] {
        return [...new Set([...this.#declared, ...this.#service.set.all()].map(({name}) => name))];
    }

    #newestVersion(name: string): number | undefined {
        const versions = this.#declared.filter(declared => declared.name === name).map(({version}) => version);
        return versions.length === 0 ? undefined : Math.max(...versions);
    }

    #declares(projection: Projection): boolean {
        return this.#declared.some(({name, version}) => projection.name === name && projection.version === version);
    }
}

function resolve({name, version, projector, projectorVersion, store}: DeclaredProjection, projectors: ReadonlyMap<string, ProjectorClass>): Resolved {
    const fail = (why: string): ConfigError => new ConfigError(`Declared projection '${name}@${version}': ${why}`, {code: 'PROJECTION_INVALID'});
    const projectorName = typeof projector === 'string' ? projector : projector.name;
    if (typeof projector !== 'string')
        return {name, version, projectorName, projectorVersion: projectorVersion ?? projector.version, store};
    const known = [...projectors.values()].filter(p => p.name === projectorName).map(p => p.version);
    if (known.length === 0)
        throw fail(`there is no projector '${projectorName}'.`);
    if (projectorVersion === undefined && known.length > 1)
        throw fail(`projector '${projectorName}' has the versions ${known.join(', ')}: say which with \`projectorVersion\`.`);
    return {name, version, projectorName, projectorVersion: projectorVersion ?? known[0] as number, store};
}
