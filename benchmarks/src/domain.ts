import {Aggregate, Event, Projector, z} from 'woltage';

export const moved = z.object({amount: z.number(), note: z.string()});
export const payload = {amount: 1, note: 'a note of a usual length, as people write them'};

export class Moved extends Event<typeof moved> {
    static schema = moved;
    static version = 1;
}

export const account = Aggregate.create('account', {
    $init: () => ({balance: 0, moves: 0}),
    [Moved.identity](state, event: Moved) {
        state.balance += event.payload.amount;
        state.moves++;
    }
});

export const move = account.registerCommand(moved, function move(_state, payload) {
    return new Moved({payload});
});

const tables = {accounts: {key: z.object({id: z.string()}), schema: z.object({balance: z.number(), moves: z.number()})}};

/** One get and one set per event. */
export class AccountProjector extends Projector<typeof tables> {
    static schema = tables;
    static version = 1;

    async [Moved.identity](event: Moved) {
        const {accounts} = this.store.tables;
        const row = await accounts.get({id: event.aggregateId}) ?? {id: event.aggregateId, balance: 0, moves: 0};
        row.balance += event.payload.amount;
        row.moves++;
        await accounts.set(row);
    }
}
