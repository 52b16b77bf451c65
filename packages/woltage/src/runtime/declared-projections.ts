import {ConfigError} from '../errors/index.ts';
import type {Projection, ProjectionService, ProjectorClass} from '../projections/index.ts';
import {delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import type {DeclaredProjection} from './config.ts';

/** Between two tries to bring a name to what is declared, in ms. */
const RETRY_MS = 250;

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
            const canSettle = newest === undefined || newest.isActive || newest.isLiveTracking;
            if (!(canSettle && await this.#settle(name, newest)))
                background.push(this.#settleInTime(name, newest, signal));
        }
        this.#pending = Promise.all(background);
    }

    async stop(): Promise<void> {
        this.#abort.abort();
        await this.#pending;
    }

    #newest(name: string): Projection | undefined {
        const versions = this.#declared.filter(p => p.name === name).map(({version}) => version);
        return versions.length === 0 ? undefined : this.#service.get(name, Math.max(...versions));
    }

    /** Tries until it is done: another process may be in the way, with an older release perhaps, and will be gone one day. */
    async #settleInTime(name: string, newest: Projection | undefined, signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            if (newest === undefined || newest.isLiveTracking || newest.isActive) {
                if (await this.#settle(name, newest))
                    return;
            }
            await delay(RETRY_MS, signal);
        }
    }

    /** Activates the newest version and removes what isn't listed. @returns Whether all of it is done */
    async #settle(name: string, newest: Projection | undefined): Promise<boolean> {
        try {
            if (newest !== undefined)
                await this.#service.setActive(name, newest.version, await this.#mustForce(name));
            const retired = this.#service.all().filter(p => p.name === name && !this.#declared.some(d => d.name === name && d.version === p.version));
            for (const {version} of retired) {
                // It answers queries from it.
                if (await this.#service.isWorkedOnElsewhere(name, version))
                    return false;
                await this.#service.remove(name, version, {force: true, deleteData: true});
            }
            return true;
        } catch (error) {
            this.#log.warn({err: error, projection: newest?.id ?? name}, 'A declared projection could not be activated yet, or a retired one removed');
            return false;
        }
    }

    /** Where the active version's projector is gone from the code, and nobody works on it any more, nobody can hand over. */
    async #mustForce(name: string): Promise<boolean> {
        const version = this.#service.activeVersion(name);
        return version !== null && this.#service.get(name, version)?.state === 'unavailable'
            && !await this.#service.isWorkedOnElsewhere(name, version);
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
