import {eventTypeFilter, streamNameFilter, type Filter} from '@kurrent/kurrentdb-client';

/** Longer ones cost the server more than it saves to leave events out there. */
const LONGEST_PATTERN = 4000;

export interface FilterSettings {
    /** Events that the server looks at before it answers, and between two checkpoints. */
    readonly maxSearchWindow?: number;
    readonly checkpointReached?: (subscription: unknown, position: {readonly commit: bigint}) => Promise<void>;
}

const quote = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * What the server leaves out: it takes one pattern, for types or for streams. Patterns aren't anchored by themselves, and `$` lets a line feed follow, so
 * that what comes is looked at once more.
 */
export function serverFilter(streamPrefix: string, types: readonly string[] | undefined, settings: FilterSettings = {}): Filter {
    const shared = {checkpointInterval: 1, ...settings as object};
    if (streamPrefix !== '')
        return streamNameFilter({...shared, regex: `^${quote(streamPrefix)}`});
    const pattern = types === undefined || types.length === 0 ? undefined : `^(?:${types.map(quote).join('|')})$`;
    return eventTypeFilter({...shared, regex: pattern === undefined || pattern.length > LONGEST_PATTERN ? '^[^$]' : pattern});
}
