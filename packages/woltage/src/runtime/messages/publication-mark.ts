import type {StoreRecord} from '../../ports/index.ts';
import {uuidV7} from '../../shared/uuid.ts';

/** How far a publication has got. */
export interface PublicationMark {
    /** Unique: tells its messages from those of others in the topic. */
    readonly id: string;
    /** All events up to it have been published or left out; `undefined`: none yet. */
    readonly position: bigint | undefined;
    /** How many partitions the topic had when the last events were spread over them; 0: nothing was published yet. */
    readonly partitions: number;
}

/** The key of its record. */
export const markKey = (name: string): string => `${name}/mark`;
export const leaseKey = (name: string): string => `${name}/lease`;

export const encodeMark = ({id, position, partitions}: PublicationMark): string => JSON.stringify({id, position: position?.toString() ?? null, partitions});

export function decodeMark({value}: StoreRecord): PublicationMark {
    const {id, position, partitions} = JSON.parse(value) as {readonly id: string; readonly position: string | null; readonly partitions: number};
    return {id, position: position === null ? undefined : BigInt(position), partitions};
}

/** @param position After which events count; `undefined`: all do */
export const newMark = (position: bigint | undefined): PublicationMark => ({id: uuidV7(), position, partitions: 0});
