import {
    Event as WoltageEvent,
    type EventConstructionData,
    type z
} from 'woltage';

declare const getLoggedInUser: () => {id: string};

type TMeta = {
    userId: string
};

export default class Event<TPayload extends z.ZodType> extends WoltageEvent<TPayload, TMeta>
{
    constructor(data: EventConstructionData<TPayload, TMeta>, shouldValidate?: boolean) {
        if (!data.meta)
            data.meta = {userId: getLoggedInUser().id};
        super(data, shouldValidate);
    }
}
