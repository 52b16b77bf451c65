import {isWoltageError, type ConflictError} from '../errors/index.ts';
import {delay} from '../shared/delay.ts';

const MAX_PAUSE_MS = 100;

/** Whether an append failed because the stream wasn't as expected. */
export const isRevisionConflict = (error: unknown): error is ConflictError => isWoltageError(error) && error.code === 'REVISION_CONFLICT';

/** Longer each time, and never the same: rivals that meet again and again must come apart. */
export const pauseBeforeRetry = (attempt: number): Promise<void> => delay(Math.random() * Math.min(2 ** attempt, MAX_PAUSE_MS));
