import type {EventIdentity} from '../events/index.ts';
import type {IStore, TableDefinitionMap} from '../ports/index.ts';
import type {FaultPolicyName} from './tuning.ts';

/**
 * Turns events into rows. Extend it with the tables as `static schema`, a `static version`, and a method per event.
 *
 * @example
 * export default class UserProjector extends Projector<typeof schema> {
 *     static schema = schema;
 *     static version = 1;
 *     async [UserRegistered.identity](event: UserRegistered) {
 *         await this.store.tables.emails.set({email: event.payload.email, userId: event.aggregateId});
 *     }
 * }
 */
export class Projector<T extends TableDefinitionMap = TableDefinitionMap> {
    static readonly schema: TableDefinitionMap;
    /** A whole number from 1; raise it with every change of what the projector writes. */
    static readonly version: number;
    /**
     * Into how many slices the work is divided, a whole number from 1. Slices are worked on independently, by several instances where there are several:
     * events of one aggregate (or of one {@link partitionBy} key) come in order, others don't, and each row must be touched by events of one slice alone. It is fixed
     * when the projection is added.
     *
     * @default 1
     */
    static readonly partitions?: number;
    /** The key that decides on an event's slice, where it isn't the aggregate. */
    static readonly partitionBy?: (event: never) => string;
    /** What follows when a handler keeps failing. @default the config's `projectionTuning.faultPolicy` */
    static readonly faultPolicy?: FaultPolicyName;

    /** The store that the projection was added with. Redeclare its type to use a driver's own features. */
    declare readonly store: IStore<T>;
}

/** A class of projectors, as the config takes it. */
export interface ProjectorClass {
    new (): {readonly store: IStore};
    readonly name: string;
    readonly schema: TableDefinitionMap;
    readonly version: number;
    readonly partitions?: number;
    readonly partitionBy?: (event: never) => string;
    readonly faultPolicy?: FaultPolicyName;
}

/** A method of a projector. */
export type ProjectorHandler = (event: never) => unknown;

/** Names a projector: `UserProjector@1`. */
export const projectorId = (name: string, version: number): EventIdentity => `${name}@${version}`;
