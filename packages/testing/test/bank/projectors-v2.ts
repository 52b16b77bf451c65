import {AccountProjector as V1} from './projectors.ts';

/** The next version of the projector: it counts in cents. */
class AccountProjector extends V1 {
    static override version = 2;
    protected override readonly factor = 100;
}

export {AccountProjector as AccountProjectorV2};
