import type {DeadLetter, LetterOutcome, Projection, ProjectionCare, ProjectionService, RemoveOptions} from '../projections/index.ts';
import type {DeclaredProjections, ProjectionPlan} from './declared-projections.ts';
import type {DurableEffects, FailedEffect} from './durable-effects.ts';

/** What {@link ProjectionControl} works with. */
export interface ProjectionParts {
    readonly service: ProjectionService;
    readonly care: ProjectionCare;
    readonly declared: DeclaredProjections | undefined;
    readonly effects: DurableEffects;
}

const NOTHING_DECLARED: ProjectionPlan = {add: [], replay: [], activate: [], remove: [], leave: []};

/** The part of {@link Woltage} that sees to projections. What is done here holds for all processes on the same internal store. */
export abstract class ProjectionControl {
    /** @internal */
    protected abstract readonly projectionParts: ProjectionParts;
    /** @internal Runs a call while the instance isn't stopped. */
    protected abstract run<R>(task: () => Promise<R>): Promise<R>;

    /**
     * Adds a projection. It replays all events from the first one on, then goes on live. When there is little
     * to replay, it is live when the promise resolves. Adding the same projection again does nothing.
     *
     * @param storeName One of the keys of the config's `stores`
     * @throws NotFoundError `UNKNOWN_PROJECTOR`, `UNKNOWN_STORE`
     * @throws ConflictError `PROJECTION_EXISTS` when it exists with another projector or store
     */
    async addProjection(projectionName: string, projectionVersion: number, projectorName: string, projectorVersion: number, storeName: string): Promise<void> {
        await this.run(() => this.projectionParts.service.add(projectionName, projectionVersion, projectorName, projectorVersion, storeName));
    }

    /**
     * Makes a version the active one: read models use it from now on, and side effects are its own. Under load no effect is lost
     * and none runs twice, in whatever processes the versions are worked on.
     *
     * @param force Activates a version that isn't live yet, or takes over from one that is faulted
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     * @throws ConflictError `PROJECTION_NOT_LIVE`, `PROJECTION_FAULTED` unless forced; `PROJECTION_CHANGED` when another process was faster
     * @throws UnavailableError `POSITION_TIMEOUT` when the versions didn't come to one position in time; nothing is changed then
     */
    async setProjectionActive(projectionName: string, projectionVersion: number, force = false): Promise<void> {
        await this.run(() => this.projectionParts.service.setActive(projectionName, projectionVersion, force));
    }

    /** All registered projections, by `name@version`. */
    getProjections(): {[projectionId: string]: Projection} {
        return Object.fromEntries(this.projectionParts.service.set.all().map(projection => [projection.id, projection]));
    }

    /** One projection; the active version where none is named. */
    getProjection(projectionName: string, projectionVersion?: number): Projection | undefined {
        const {service} = this.projectionParts;
        const version = projectionVersion ?? service.activeVersion(projectionName);
        return version === null ? undefined : service.get(projectionName, version);
    }

    /**
     * Removes a projection. Its rows stay in the store unless `deleteData` is set; adding it again starts from nothing.
     *
     * @param options `true` or `{force: true}` removes it even though it is active
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     * @throws ConflictError `PROJECTION_ACTIVE` unless forced
     */
    async removeProjection(projectionName: string, projectionVersion: number, options: boolean | RemoveOptions = false, more: RemoveOptions = {}): Promise<void> {
        const merged = typeof options === 'boolean' ? {force: options, ...more} : {...options, ...more};
        await this.run(() => this.projectionParts.service.remove(projectionName, projectionVersion, merged));
    }

    /** What `projections` of the config would add, replay, activate and remove at start, or still has to. Changes nothing. */
    planProjections(): Promise<ProjectionPlan> {
        return this.run(async () => this.projectionParts.declared?.plan() ?? NOTHING_DECLARED);
    }

    /** Starts a faulted projection again, from the event that it failed at. @throws NotFoundError `UNKNOWN_PROJECTION` */
    async retryProjection(projectionName: string, projectionVersion: number): Promise<void> {
        await this.run(() => this.projectionParts.care.retry(projectionName, projectionVersion));
    }

    /**
     * Has a faulted projection go on behind the event that it failed at: that event leaves nothing in its rows.
     *
     * @param eventId The event that is meant, so that no other is skipped by mistake; by default whichever it is
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     * @throws ConflictError `PROJECTION_NOT_FAULTED` when it is not faulted, or not at that event
     */
    async skipEvent(projectionName: string, projectionVersion: number, eventId?: string): Promise<void> {
        await this.run(() => this.projectionParts.care.skip(projectionName, projectionVersion, eventId));
    }

    /**
     * The events that a projection has put aside (see `faultPolicy`), and those of the same aggregates that wait behind them.
     *
     * @throws NotFoundError `UNKNOWN_PROJECTION`
     */
    getDeadLetters(projectionName: string, projectionVersion: number): Promise<readonly DeadLetter[]> {
        return this.run(() => this.projectionParts.care.deadLetters(projectionName, projectionVersion));
    }

    /**
     * Handles the dead letters of the event's aggregate again, in order, until one fails. The events are read from the event store, so that newer code and upcasts apply.
     *
     * @throws NotFoundError `UNKNOWN_PROJECTION`, `UNKNOWN_DEAD_LETTER`
     * @throws UnavailableError `REQUEST_TIMEOUT` when no process works on the projection
     */
    retryDeadLetter(projectionName: string, projectionVersion: number, eventId: string): Promise<LetterOutcome> {
        return this.run(() => this.projectionParts.care.retryLetter(projectionName, projectionVersion, eventId));
    }

    /**
     * Gives a dead letter up. Where it was the first of its aggregate, those that have waited behind it are handled now.
     *
     * @throws NotFoundError `UNKNOWN_PROJECTION`, `UNKNOWN_DEAD_LETTER`
     * @throws UnavailableError `REQUEST_TIMEOUT` when no process works on the projection
     */
    discardDeadLetter(projectionName: string, projectionVersion: number, eventId: string): Promise<LetterOutcome> {
        return this.run(() => this.projectionParts.care.discardLetter(projectionName, projectionVersion, eventId));
    }

    /** The durable side effects that have failed for good, by id. @throws BadRequestError `INVALID_LIMIT` */
    getFailedEffects(options: {readonly after?: string | undefined; readonly limit?: number | undefined} = {}): Promise<readonly FailedEffect[]> {
        return this.run(() => this.projectionParts.effects.failed(options));
    }

    /** Has a failed side effect tried again, with all its attempts before it. @throws NotFoundError `UNKNOWN_TASK` */
    retryFailedEffect(id: string): Promise<void> {
        return this.run(() => this.projectionParts.effects.retry(id));
    }

    /** Gives a failed side effect up. @throws NotFoundError `UNKNOWN_TASK` */
    discardFailedEffect(id: string): Promise<void> {
        return this.run(() => this.projectionParts.effects.discard(id));
    }
}
