import {ConflictError, StaleRecordError} from '../errors/index.ts';
import type {Registry} from './registry.ts';

/** A projection, as it was added. */
export interface ProjectionDefinition {
    readonly name: string;
    readonly version: number;
    readonly projectorName: string;
    readonly projectorVersion: number;
    readonly storeName: string;
    /** New with every addition, so that what was left behind by an earlier one is told apart. */
    readonly generation: string;
    /** Into how many slices its work is divided. */
    readonly partitions: number;
}

const PROJECTION = 'projection/';

/** The registered projections: a record each. */
export class ProjectionDefinitions {
    readonly #registry: Registry;

    constructor(registry: Registry) {
        this.#registry = registry;
    }

    all(): readonly ProjectionDefinition[] {
        return this.#registry.list(PROJECTION).map(([, {value}]) => JSON.parse(value) as ProjectionDefinition);
    }

    /** @param id `name@version` */
    has(id: string): boolean {
        return this.#registry.get(PROJECTION + id) !== undefined;
    }

    /**
     * The record of a projection as it is, for being written together with others that only hold while the projection exists: whoever removes it in the
     * meantime makes that fail, or is made to fail.
     */
    unchanged(id: string): Readonly<Record<string, string | null>> {
        return {[PROJECTION + id]: this.#registry.get(PROJECTION + id)?.value ?? null};
    }

    /** @throws ConflictError `PROJECTION_EXISTS` when another process has added it in the meantime */
    async add(definition: ProjectionDefinition): Promise<void> {
        const id = `${definition.name}@${definition.version}`;
        try {
            await this.#registry.write({[PROJECTION + id]: JSON.stringify(definition)});
        } catch (error) {
            if (error instanceof StaleRecordError)
                throw new ConflictError(`Projection '${id}' already exists.`, {code: 'PROJECTION_EXISTS', cause: error});
            throw error;
        }
    }

    /** @throws ConflictError `PROJECTION_CHANGED` when another process has changed it in the meantime */
    async remove(id: string): Promise<void> {
        try {
            await this.#registry.write({[PROJECTION + id]: null});
        } catch (error) {
            if (error instanceof StaleRecordError)
                throw new ConflictError(`Projection '${id}' was changed by another process. Look again and retry.`, {code: 'PROJECTION_CHANGED', cause: error});
            throw error;
        }
    }
}
