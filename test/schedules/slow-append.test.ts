import {expect, it, vi} from 'vitest';
import createWoltage, {Aggregate, Event, MemoryEventStore, MemoryStore, scheduleCommand, z, type AppendResult} from 'woltage';

const empty = z.object({});

class Reserved extends Event<typeof empty> {
    static schema = empty;
    static version = 1;
}

class Expired extends Event<typeof empty> {
    static schema = empty;
    static version = 1;
}

const begun: boolean[] = [];
const reservation = Aggregate.create('reservation', {$init: () => ({isReserved: false})}).on(Reserved, () => ({isReserved: true}));
const expire = reservation.registerCommand(empty, function expire({isReserved}) {
    begun.push(isReserved);
    return isReserved ? new Expired({payload: {}}) : [];
});
const reserve = reservation.registerCommand(empty, async function reserve() {
    await scheduleCommand(new Date(), expire, 'r-1', {});
    return new Reserved({payload: {}});
});

/** Takes longer than what is scheduled is held up for a process that may have died. */
class SlowEventStore extends MemoryEventStore {
    override async append(...args: Parameters<MemoryEventStore['append']>): Promise<AppendResult> {
        if (args[2].some(({type}) => type === 'reserved'))
            await new Promise(resolve => setTimeout(resolve, 7000));
        return super.append(...args);
    }
}

it('what a handler schedules for now waits for its events, however long they take', async () => {
    const woltage = await createWoltage({
        eventStore: {adapter: SlowEventStore}, internalStore: {adapter: MemoryStore}, eventClasses: [Reserved, Expired], aggregates: [reservation], projectorClasses: [], readModelClasses: []
    });
    await woltage.executeCommand(reserve, 'r-1', {});
    await vi.waitFor(() => expect(begun).toEqual([true]), {timeout: 10_000});
    await woltage.stop();
}, 30_000);
