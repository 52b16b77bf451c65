import {ConfigError} from '../errors/index.ts';
import type {Projection, ProjectionService, ProjectorClass} from '../projections/index.ts';
import type {Logger} from '../shared/logger.ts';
import type {DeclaredProjection} from './config.ts';

type Resolved = Omit<DeclaredProjection, 'projector'> & {readonly projectorName: string; readonly projectorVersion: number};

/**
 * Makes the registered projections match those declared in the config: adds what is missing, activates the newest version of
 * each name when it is live, and then removes what is no longer listed, with its data.
 */
export class DeclaredProjections {
    readonly #service: ProjectionService;
    readonly #declared: readonly Resolved[];
    readonly #log: Logger;
    #pending: Promise<unknown> = Promise.resolve();
    #abort = new AbortController();

    /** @throws ConfigError `PROJECTION_INVALID` */
    constructor(declared: readonly DeclaredProjection[], service: ProjectionService, projectors: ReadonlyMap<string, ProjectorClass>, log: Logger) {
        this.#service = service;
        this.#log = log;
        this.#declared = declared.map(projection => resolve(projection, projectors));
    }

    /** Resolves when all are added, and those that had nothing to replay are active. The rest goes on in the background. */
    async reconcile(): Promise<void> {
        this.#abort = new AbortController();
        const {signal} = this.#abort;
        for (const {name, version, projectorName, projectorVersion, store} of this.#declared)
            await this.#service.add(name, version, projectorName, projectorVersion, store);
        const names = new Set([...this.#declared, ...this.#service.all()].map(({name}) => name));
        const background: Promise<void>[] = [];
        for (const name of names) {
            const newest = this.#newest(name);
            if (newest === undefined || newest.isActive || newest.isLiveTracking)
                await this.#settle(name, newest);
            else
                background.push(this.#settleWhenLive(name, newest, signal));
        }
        this.#pending = Promise.all(background);
    }

    async stop(): Promise<void> {
        this.#abort.abort(new Error('Stopped.'));
        await this.#pending;
    }

    #newest(name: string): Projection | undefined {
        const versions = this.#declared.filter(p => p.name === name).map(({version}) => version);
        return versions.length === 0 ? undefined : this.#service.get(name, Math.max(...versions));
    }

    async #settleWhenLive(name: string, newest: Projection, signal: AbortSignal): Promise<void> {
        try {
            await newest.untilLive({signal});
            await this.#settle(name, newest);
        } catch (error) {
            if (!signal.aborted)
                this.#log.error({err: error, projection: newest.id}, 'A declared projection could not be activated');
        }
    }

    async #settle(name: string, newest: Projection | undefined): Promise<void> {
        if (newest !== undefined)
            await this.#service.setActive(name, newest.version, false);
        for (const {name: n, version} of this.#service.all()) {
            if (n === name && !this.#declared.some(d => d.name === name && d.version === version))
                await this.#service.remove(name, version, {force: true, deleteData: true});
        }
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
