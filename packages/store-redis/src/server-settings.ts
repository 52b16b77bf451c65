import type {Logger} from 'woltage';
import {send, type RedisClient} from './client.ts';
import {Keys} from './keys.ts';
import {REHEARSE} from './scripts.ts';

/** No scope that is used has such a namespace. */
const REHEARSAL = '\0rehearsal';
const ONLY_READS = /^(OOM|READONLY|MISCONF|NOREPLICAS) /;
const NOT_ALLOWED = /^(NOPERM|ERR unknown command)/;

/** Asks the server who it is, and warns of settings under which it may lose data. */
export async function inspectServer(redis: RedisClient, server: string, logger: Logger | undefined): Promise<void> {
    let info: string;
    try {
        info = await send(redis, undefined, ['INFO']) as string;
    } catch (error) {
        if (!(error instanceof Error && NOT_ALLOWED.test(error.message)))
            throw error;
        logger?.debug({server, error}, 'Redis does not allow INFO; its settings were not looked at.');
        return;
    }
    if (valueOf(info, 'aof_enabled') === '0')
        logger?.warn({server}, 'Redis runs without append-only file: what was written since its last snapshot is lost when it ends. Set appendonly to yes, or keep nothing here that a replay can\'t bring back.');
    const policy = valueOf(info, 'maxmemory_policy');
    if (policy?.startsWith('allkeys') === true)
        logger?.warn({server, policy}, 'Redis throws keys away when its memory is full. Set maxmemory-policy to noeviction.');
}

/**
 * Makes sure that this user may run all that a commit needs: one that is refused half way would leave behind what it has done so far.
 *
 * @throws What the server answers
 */
export async function rehearse(redis: RedisClient, keyPrefix: string, logger: Logger | undefined): Promise<void> {
    const {records: key, channel} = new Keys(keyPrefix, REHEARSAL);
    try {
        await send(redis, key, ['EVAL', REHEARSE.source, '1', key, channel]);
    } catch (error) {
        if (!(error instanceof Error && ONLY_READS.test(error.message)))
            throw error;
        logger?.warn({error}, 'Redis takes no writes at present; reading is possible.');
    }
}

const valueOf = (info: string, name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
