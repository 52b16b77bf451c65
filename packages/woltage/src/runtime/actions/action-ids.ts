import {createHash} from 'node:crypto';
import {uuidV8} from '../../shared/uuid.ts';

/** A UUID (version 8, RFC 9562) that is the same whenever the same name is asked for with the same base. */
export const uuidOf = (base: string, name: string): string => uuidV8(createHash('sha256').update(`${base}\n${name}`).digest());
