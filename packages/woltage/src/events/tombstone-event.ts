import type {StandardSchema} from '../shared/standard-schema.ts';
import {Event, type EventConstructionData} from './event.ts';
import {eventTypeOf} from './event-type.ts';

type NoPayload = Readonly<Record<string, never>>;
const NOTHING: NoPayload = Object.freeze({});

/** Made by hand: core needs no schema library of its own. */
const noPayload: StandardSchema<NoPayload> = {
    '~standard': {
        version: 1,
        vendor: 'woltage',
        validate: value => typeof value === 'object' && value !== null && Object.keys(value).length === 0
            ? {value: {}}
            : {issues: [{message: 'A tombstone without a schema of its own has no payload'}]}
    }
};

/**
 * Ends its aggregate for good. A command that returns one has all events of the aggregate removed from the event store, in one step with the
 * tombstone as the last event. From then on every load and every command of the aggregate is a `GoneError`; projections get the tombstone, to
 * remove what they hold. It is known without being listed in `eventClasses`; subclasses, which may have a payload, are listed like other events.
 *
 * @example
 * account.registerCommand(function erase() {
 *     return new TombstoneEvent();
 * });
 * @example
 * const schema = z.object({reason: z.string()});
 * class AccountErased extends TombstoneEvent<typeof schema> {
 *     static schema = schema;
 * }
 */
export class TombstoneEvent<S extends StandardSchema = StandardSchema<NoPayload>, M = unknown> extends Event<S, M> {
    static override readonly schema: StandardSchema = noPayload;
    static override readonly version: number = 1;

    /** `tombstone`; a subclass has its own, from its name or as it says. */
    static override get type(): string {
        return this === TombstoneEvent ? 'tombstone' : eventTypeOf(this.name);
    }

    static override set type(type: string) {
        Object.defineProperty(this, 'type', {value: type, enumerable: true, configurable: true, writable: true});
    }

    /** @throws ValidationError when the payload doesn't match the schema; leave `data` out where there is none */
    constructor(data: EventConstructionData<S, M> = {payload: NOTHING}, shouldValidate = true) {
        super(data, shouldValidate);
    }
}
