import {createHash} from 'node:crypto';
import {formatUuid} from '../../shared/uuid.ts';

/** A UUID (version 8, RFC 9562) that is the same whenever the same name is asked for with the same base. */
export function uuidOf(base: string, name: string): string {
    const digest = createHash('sha256').update(`${base}\n${name}`).digest().subarray(0, 16);
    digest[6] = 0x80 | ((digest[6] as number) & 0x0f);
    digest[8] = 0x80 | ((digest[8] as number) & 0x3f);
    return formatUuid(digest);
}
