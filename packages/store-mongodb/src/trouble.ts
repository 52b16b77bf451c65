import type {MongoClient, ServerHeartbeatFailedEvent} from 'mongodb';
import type {Logger} from 'woltage';

/** Tells the logger when a server can't be reached any more, and when it is back. @returns What ends that */
export function watchTrouble(client: MongoClient, server: string, logger: Logger | undefined): () => void {
    if (logger === undefined)
        return () => undefined;
    const troubled = new Set<string>();
    const failed = ({connectionId, failure}: ServerHeartbeatFailedEvent): void => {
        if (troubled.has(connectionId))
            return;
        troubled.add(connectionId);
        logger.warn({server, member: connectionId, error: failure}, 'A MongoDB server can\'t be reached; it is tried again.');
    };
    const succeeded = ({connectionId}: {readonly connectionId: string}): void => {
        if (troubled.delete(connectionId))
            logger.info({server, member: connectionId}, 'A MongoDB server is back.');
    };
    client.on('serverHeartbeatFailed', failed);
    client.on('serverHeartbeatSucceeded', succeeded);
    return () => {
        client.off('serverHeartbeatFailed', failed);
        client.off('serverHeartbeatSucceeded', succeeded);
    };
}
