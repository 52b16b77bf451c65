import {
    Aggregate, ConflictError, createWoltage, Event, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, z, type AggregateOptions, type CommandHandle, type Woltage, type WoltageConfig
} from 'woltage';

const amount = z.object({amount: z.number()});

export class Deposited extends Event<typeof amount> {
    static schema = amount;
    static version = 1;
}

export class Withdrawn extends Event<typeof amount> {
    static schema = amount;
    static version = 1;
}

export interface WalletState {
    balance: number;
    moves: number;
    /** What handlers add to it must not stay. */
    scribbles?: string[];
}

/** What reducers have folded. */
export const folded = {events: 0};

export interface WalletApp {
    readonly woltage: Woltage;
    readonly wallet: Aggregate<WalletState>;
    readonly deposit: CommandHandle<{amount: number}>;
    readonly withdraw: CommandHandle<{amount: number}>;
    readonly slow: CommandHandle<{amount: number; ms: number}>;
    readonly force: CommandHandle<{amount: number}>;
    readonly versions: number[];
}

export interface WalletData {
    readonly events: MemoryEventStoreData;
    readonly records: MemoryStoreData;
}

export const walletData = (): WalletData => ({events: new MemoryEventStoreData(), records: new MemoryStoreData()});

/** Wallets over data that several instances may share. */
export async function createWallets(
    data: WalletData = walletData(), options: AggregateOptions = {}, config: Partial<WoltageConfig> = {}, reducer: (state: WalletState, amount: number) => void = deposit
): Promise<WalletApp> {
    const wallet = Aggregate.create<WalletState>('wallet', {
        $init: () => ({balance: 0, moves: 0}),
        [Deposited.identity](state, event: Deposited) {
            folded.events++;
            reducer(state, event.payload.amount);
        },
        [Withdrawn.identity](state, event: Withdrawn) {
            folded.events++;
            state.balance -= event.payload.amount;
            state.moves++;
        }
    }, options);
    const versions: number[] = [];
    const handles = {
        deposit: wallet.registerCommand(amount, function depositTo(state, payload, {aggregateVersion}) {
            versions.push(aggregateVersion);
            state.scribbles = ['deposit'];
            return new Deposited({payload});
        }),
        withdraw: wallet.registerCommand(amount, function withdraw(state, payload) {
            if (state.balance < payload.amount)
                throw new ConflictError('Not enough.', {code: 'NOT_ENOUGH'});
            return new Withdrawn({payload});
        }),
        slow: wallet.registerCommand(z.object({amount: z.number(), ms: z.number()}), async function slow(_state, {ms, ...payload}) {
            await new Promise(resolve => setTimeout(resolve, ms));
            return new Deposited({payload});
        }),
        force: wallet.registerCommand(amount, async function force(_state, payload) {
            await new Promise(resolve => setTimeout(resolve, 5));
            return {force: true, event: [new Deposited({payload}), new Withdrawn({payload})]};
        })
    };
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [data.events]}, internalStore: {adapter: MemoryStore, args: [data.records]},
        eventClasses: [Deposited, Withdrawn], aggregates: [wallet], projectorClasses: [], ...config
    });
    return {woltage, wallet, ...handles, versions};
}

function deposit(state: WalletState, amount: number): void {
    state.balance += amount;
    state.moves++;
}
