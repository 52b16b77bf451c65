import type {Publications, PublicationStatus} from './messages/publications.ts';
import {ScheduleControl} from './schedule-control.ts';

/** The part of {@link Woltage} that is about messages. */
export abstract class MessageControl extends ScheduleControl {
    /** @internal */
    protected abstract readonly publications: Publications;

    /**
     * How the `publications` of the config stand: how far they have got, in whatever process, and what is in their way.
     *
     * @throws UnavailableError when the event store or the internal store can't be reached
     */
    getPublications(): Promise<readonly PublicationStatus[]> {
        return this.run(() => this.publications.status());
    }
}
