import {createHash} from 'node:crypto';
import type {IncomingMessage} from 'node:http';

/** Tells devices apart, well enough for an example: by what their browsers say of themselves. */
export function fingerprintOf({headers}: IncomingMessage): string {
    const said = ['user-agent', 'accept-language'].map(name => String(headers[name] ?? ''));
    return createHash('sha256').update(said.join('\n')).digest('hex').slice(0, 8);
}
