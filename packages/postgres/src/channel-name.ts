import {createHash} from 'node:crypto';

/** The name of a channel for notifications about something. */
export const channelName = (component: string, ...parts: readonly string[]): string =>
    `woltage_${component}_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)}`;
