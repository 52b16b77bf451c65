import {ConflictError, UnavailableError} from '../errors/index.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {Self} from '../shared/owner.ts';
import type {Positions} from './active-version.ts';
import {holdKey, holdPrefix} from './hold-observer.ts';
import type {NameState, NameStates, PendingSwitch} from './name-states.ts';
import type {ProjectionDefinition, ProjectionDefinitions} from './projection-definitions.ts';
import type {Registry} from './registry.ts';

/** How long the versions may take to come to one position, in ms. */
const HAND_OVER_TIMEOUT_MS = 30_000;
/** How often it is looked whether somebody works on a slice that doesn't answer, in ms. */
const LOOK_MS = 250;

export interface Switch {
    readonly name: string;
    /** The state that the switch was decided upon, from {@link SwitchConductor.rest}: with any other it doesn't happen. */
    readonly seen: NameState;
    /** The versions that stand still meanwhile. */
    readonly holds: readonly Pick<ProjectionDefinition, 'version' | 'partitions'>[];
    /** Whether all of them must come to one position. */
    readonly meet: boolean;
    /** The version that is active afterwards. */
    readonly active: number | null;
    /** Events up to here are history. */
    readonly atLeast: bigint;
    /** How long to wait for whoever works on the versions, in ms, before what they have committed is taken for where they stand; by default they must answer. */
    readonly holdMs?: number;
    /** Ends it: nothing is changed then. */
    readonly signal: AbortSignal;
}

/** What all processes share. */
export interface SharedRecords {
    readonly registry: Registry;
    readonly definitions: ProjectionDefinitions;
    readonly states: NameStates;
}

/**
 * Conducts switches of the active version. It is announced in the record of the name; whoever works on one of the versions stands still and says where; all go on to the
 * last of these positions; then `{active, epoch, cursor}` is written at once. The old version has run the effects of every event up to the cursor, and the new one runs those
 * after it: none is lost, none runs twice, wherever the versions are worked on. Whoever dies in between is replaced by one that sees the announcement.
 */
export class SwitchConductor {
    readonly #registry: Registry;
    readonly #definitions: ProjectionDefinitions;
    readonly #states: NameStates;
    readonly #self: Self;
    readonly #positions: Positions;

    constructor({registry, definitions, states}: SharedRecords, self: Self, positions: Positions) {
        this.#positions = positions;
        this.#registry = registry;
        this.#definitions = definitions;
        this.#states = states;
        this.#self = self;
    }

    /**
     * Waits until no switch is under way.
     *
     * @returns The state then
     * @throws UnavailableError `STOPPED` when the signal aborts
     * @throws ConflictError `PROJECTION_CHANGED` when the switch under way doesn't end
     */
    async rest(name: string, signal: AbortSignal): Promise<NameState> {
        if (!await this.#registry.until(() => this.#states.get(name).pending === undefined, HAND_OVER_TIMEOUT_MS, signal))
            throw signal.aborted ? stopped() : changed(name);
        return this.#states.get(name);
    }

    /**
     * @throws UnavailableError `POSITION_TIMEOUT` when a version doesn't get there in time; nothing is changed then
     * @throws UnavailableError `STOPPED` when the signal aborts
     * @throws ConflictError `PROJECTION_CHANGED` when another process was faster
     */
    async conduct(change: Switch): Promise<void> {
        const {name, seen, active} = change;
        const state = this.#states.get(name);
        if (state.epoch !== seen.epoch || state.pending !== undefined)
            throw changed(name);
        const pending: PendingSwitch = {id: uuidV7(), versions: change.holds.map(({version}) => version), position: null, by: this.#self.owner};
        await this.#states.set(name, {...state, pending});
        try {
            const cursor = await this.#bringTogether(change, pending);
            const {epoch} = this.#ours(change, pending);
            // Written along, so that nobody removes the version in this moment.
            const activated = active === null ? {} : this.#definitions.unchanged(`${name}@${active}`);
            await this.#states.set(name, {active, epoch: epoch + 1, cursor}, activated);
        } catch (error) {
            await this.#giveUp(name, pending);
            throw error;
        } finally {
            await this.#tidy(name);
        }
    }

    /** @returns The position at which all of them stand */
    async #bringTogether(change: Switch, pending: PendingSwitch): Promise<bigint> {
        const {name, meet, atLeast, signal} = change;
        const standing = await this.#standing(change, pending);
        const position = standing.reduce((a, b) => b > a ? b : a, atLeast);
        if (!meet || standing.every(answer => answer === position))
            return position;
        await this.#states.set(name, {...this.#ours(change, pending), pending: {...pending, position}});
        const keys = slicesOf(change).map(({version, slice}) => holdKey(name, pending.id, version, slice));
        if (!await this.#registry.until(() => this.#isLost(change, pending) || keys.every(key => this.#answer(key) === position), HAND_OVER_TIMEOUT_MS, signal))
            throw signal.aborted ? stopped() : tooLate(name, HAND_OVER_TIMEOUT_MS);
        this.#ours(change, pending);
        return position;
    }

    /** Where each slice stands still. One that nobody works on stands still as it is: whoever takes it over sees the announcement. */
    async #standing(change: Switch, pending: PendingSwitch): Promise<bigint[]> {
        const {name, holdMs, signal} = change;
        const end = performance.now() + (holdMs ?? HAND_OVER_TIMEOUT_MS);
        for (;;) {
            const slices = slicesOf(change).map(({version, slice}) => ({id: `${name}@${version}`, slice, key: holdKey(name, pending.id, version, slice)}));
            const standing: bigint[] = [];
            const isLate = performance.now() > end;
            for (const {id, slice, key} of slices) {
                const answer = this.#answer(key);
                const place = answer === undefined ? await this.#positions.of(id, slice) : {position: answer, isOwned: false};
                if (!place.isOwned || isLate && holdMs !== undefined)
                    standing.push(place.position);
            }
            this.#ours(change, pending);
            if (standing.length === slices.length)
                return standing;
            if (signal.aborted)
                throw stopped();
            if (isLate)
                throw tooLate(name, HAND_OVER_TIMEOUT_MS);
            await this.#registry.until(() => this.#isLost(change, pending) || slices.every(({key}) => this.#answer(key) !== undefined), LOOK_MS, signal);
        }
    }

    #answer(key: string): bigint | undefined {
        const record = this.#registry.get(key);
        return record && BigInt(record.value);
    }

    /** Whether somebody else has ended the switch, or removed a version that it concerns. */
    #isLost({name, holds}: Switch, {id}: PendingSwitch): boolean {
        return this.#states.get(name).pending?.id !== id || !holds.every(({version}) => this.#definitions.has(`${name}@${version}`));
    }

    /** The state, as long as this switch is the one that is under way. @throws ConflictError `PROJECTION_CHANGED` */
    #ours(change: Switch, pending: PendingSwitch): NameState {
        if (this.#isLost(change, pending))
            throw changed(change.name);
        return this.#states.get(change.name);
    }

    /** Lets everybody go on as before. Never rejects: whoever stands still finds out by the time that has passed. */
    async #giveUp(name: string, {id}: PendingSwitch): Promise<void> {
        const {pending, ...state} = this.#states.get(name);
        if (pending?.id === id)
            await this.#states.set(name, state).catch(() => undefined);
    }

    /** Removes what was answered. Never rejects: what is left over is removed the next time. */
    async #tidy(name: string): Promise<void> {
        const keys = this.#registry.list(holdPrefix(name)).map(([key]) => [key, null]);
        if (keys.length > 0)
            await this.#registry.write(Object.fromEntries(keys) as Record<string, null>).catch(() => undefined);
    }
}

const slicesOf = ({holds}: Switch): {readonly version: number; readonly slice: number}[] =>
    holds.flatMap(({version, partitions}) => Array.from({length: partitions}, (_, slice) => ({version, slice})));

const tooLate = (name: string, timeoutMs: number): UnavailableError =>
    new UnavailableError(`Not every version of projection '${name}' came to one position within ${timeoutMs} ms. Nothing is changed.`, {code: 'POSITION_TIMEOUT'});

const stopped = (): UnavailableError =>
    new UnavailableError('The switch was given up, for this Woltage instance is stopped.', {code: 'STOPPED'});

const changed = (name: string): ConflictError =>
    new ConflictError(`The active version of projection '${name}' was changed by another process. Look again and retry.`, {code: 'PROJECTION_CHANGED'});
