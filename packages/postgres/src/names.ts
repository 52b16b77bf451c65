import {createHash} from 'node:crypto';

/** The name of a channel for notifications about something. */
export const channelName = (component: string, ...parts: readonly string[]): string => `woltage_${component}_${hash(parts)}`;

/** The name of a prepared statement: a connection may serve several adapters. */
export const statementName = (what: string, ...parts: readonly string[]): string => `woltage ${what} ${hash(parts)}`;

const hash = (parts: readonly string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
