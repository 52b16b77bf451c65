import {delay, type ConsumeOptions, type Logger} from 'woltage';
import type {DriverError} from '../driver/kafka-driver.ts';
import {pauseMs} from '../pause.ts';
import {Outage} from './outage.ts';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2000;

type LivesOptions = Pick<ConsumeOptions, 'onOutage' | 'group' | 'signal'> & {readonly logger: Logger};

/** A consumer's outage, told in the log and to who asked for it. */
export const outageOf = ({onOutage, group, logger}: LivesOptions): Outage => new Outage(error => {
    if (error === undefined)
        logger.info({group}, 'Kafka can be read again');
    else
        logger.warn({group, err: error}, `Kafka can't be read at the moment: ${error.message}`);
    onOutage?.(error);
});

/**
 * One membership of a group after the other, until the signal aborts: whatever goes wrong ends one, and after a pause another is begun.
 *
 * @param live One membership, until its life is aborted; tells whether it has had partitions
 * @throws DriverError of kind `refused`
 */
export async function runLives(
    {signal, logger}: LivesOptions, outage: Outage, failureOf: (error: unknown) => DriverError, live: (life: AbortController) => Promise<boolean>
): Promise<void> {
    for (let failed = 0; !signal.aborted;) {
        const life = new AbortController();
        const end = (): void => life.abort();
        signal.addEventListener('abort', end);
        try {
            failed = await live(life) ? 0 : failed + 1;
        } catch (error) {
            const failure = failureOf(error);
            if (failure.kind === 'refused')
                throw failure;
            if (!signal.aborted) {
                logger.debug({err: failure}, 'A membership has ended, another is begun');
                outage.begin(failure);
            }
            failed++;
        } finally {
            signal.removeEventListener('abort', end);
            life.abort();
        }
        await delay(pauseMs(failed, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal);
    }
}
