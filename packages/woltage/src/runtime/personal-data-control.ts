import {ConfigError} from '../errors/index.ts';
import {MessageControl} from './message-control.ts';
import type {PersonalData} from './personal/personal-data.ts';

/** The part of {@link Woltage} that forgets. */
export abstract class PersonalDataControl extends MessageControl {
    /** @internal Where an event class has personal fields. */
    protected abstract readonly personalData: PersonalData | undefined;

    /**
     * Forgets somebody: destroys the key of the subject's personal fields for good, in all events, and with it in their backups. They read as `Erased` from then on: here when
     * the promise resolves, in other processes within a second. New events with personal fields of the subject are refused (`SUBJECT_FORGOTTEN`). The rows of projections hold what
     * they held until they are changed or replayed. Forgetting a subject again, or one that was never known, succeeds.
     *
     * @param subject What events are about: an aggregate's id, or what the `static subject` of their class gives
     * @throws ConfigError `NO_PERSONAL_DATA` when no event class has personal fields
     * @throws BadRequestError `INVALID_SUBJECT`
     * @throws UnavailableError when the key store can't be reached; nothing is changed then, or all of it
     */
    forget(subject: string): Promise<void> {
        return this.run(async () => {
            if (this.personalData === undefined)
                throw new ConfigError('No event class has personal fields: mark them with personal() first.', {code: 'NO_PERSONAL_DATA'});
            await this.personalData.forget(subject);
        });
    }
}
