import type {Base} from '@platformatic/kafka';

/**
 * Ends a client's connections at once: what waits for an answer fails. For a broker that has stopped answering without a word, and to leave nothing open. The library's own way waits until all is sent,
 * which may never happen.
 */
export function cutConnections(client: Pick<Base, 'connections'>): void {
    for (const [, connection] of client.connections)
        connection.socket?.destroy();
}
