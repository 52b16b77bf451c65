import {isWoltageError} from '../errors/index.ts';

/** Whether it would be refused again, whatever comes; conflicts pass. */
export const isRefusal = (error: Error): boolean => isWoltageError(error) && error.status < 500 && error.status !== 409;
