import type {Action, EventTrigger} from '../../actions/index.ts';
import {EventHandlers, type EventCatalogue} from '../../events/index.ts';

/** An action, bound to the events of one runtime. */
export class CompiledAction {
    readonly action: Action;
    /** Finds the event, in the version that the trigger asks for; `undefined` without event triggers. */
    readonly events: EventHandlers<EventTrigger> | undefined;

    /** @throws ConfigError `UNKNOWN_EVENT_CLASS` when a trigger's event class isn't in the catalogue */
    constructor(action: Action, catalogue: EventCatalogue) {
        this.action = action;
        const triggers = this.eventTriggers;
        this.events = triggers.length === 0 ? undefined : new EventHandlers(
            catalogue, triggers.flatMap(trigger => trigger.eventClasses.map(({identity}) => [identity, trigger] as const)), `Action '${action.name}'`
        );
    }

    get eventTriggers(): readonly EventTrigger[] {
        return this.action.triggers.filter(trigger => trigger.kind === 'event');
    }
}
