import type streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type {LoggedEvent} from './event-log.ts';

type Options = InstanceType<typeof streams.ReadReq.Options>;

/** Prefixes are or-ed; a regular expression isn't anchored; without either nothing matches. */
export function filterOf(options: Options): (event: LoggedEvent) => boolean {
    const filter = options.getFilter();
    if (!options.hasFilter() || filter === undefined)
        return () => true;
    const isOnStreams = filter.hasStreamIdentifier();
    const expression = isOnStreams ? filter.getStreamIdentifier() : filter.getEventType();
    const text = expression?.getRegex() ?? '';
    const regex = text === '' ? undefined : new RegExp(text);
    const prefixes = expression?.getPrefixList() ?? [];
    return ({stream, type}) => {
        const value = isOnStreams ? stream : type;
        return regex?.test(value) ?? prefixes.some(prefix => value.startsWith(prefix));
    };
}

const DEFAULT_WINDOW = 32;

/** After how many events that were considered a subscription tells where it is; `undefined` for one without a filter, which never does. */
export function checkpointInterval(options: Options): number | undefined {
    const filter = options.getFilter();
    if (!options.hasFilter() || filter === undefined)
        return undefined;
    return (filter.hasMax() ? filter.getMax() : DEFAULT_WINDOW) * Math.max(filter.getCheckpointintervalmultiplier(), 1);
}
