import {emit, Projector, sideEffect, z} from 'woltage';
import {AccountOpened, Deposited, WelcomeSent, Withdrawn} from './events.ts';

/** What a mail server would have sent, and how often it fails before it does. */
export const outbox = {mails: [] as string[], failures: 0};

export const sendWelcome = sideEffect(async ({to}: {to: string}) => {
    if (outbox.failures-- > 0)
        throw new Error('The mail server is down.');
    outbox.mails.push(to);
}, {name: 'bank-send-welcome', durable: true, retry: {maxAttempts: 3, backoffMs: 1000}});

export const tellOwner = sideEffect(function tellOwner(owner: string, balance: number) {
    outbox.mails.push(`${owner}: ${balance}`);
});

const schema = {
    accounts: {
        key: z.object({id: z.string()}),
        schema: z.object({owner: z.string(), balance: z.number(), openedAt: z.date().optional()})
    },
    owners: {
        key: z.object({owner: z.string()}),
        schema: z.object({accounts: z.number()})
    }
};

export class AccountProjector extends Projector<typeof schema> {
    static schema = schema;
    static version = 1;
    protected readonly factor: number = 1;

    async [AccountOpened.identity]({aggregateId: id, payload: {owner}}: AccountOpened) {
        const {accounts, owners} = this.store.tables;
        await accounts.set({id, owner, balance: 0});
        const row = await owners.get({owner});
        await owners.set({owner, accounts: (row?.accounts ?? 0) + 1});
        await sendWelcome({to: owner});
        await emit('account', new WelcomeSent({aggregateId: id, payload: {to: owner}}));
    }

    async [Deposited.identity]({aggregateId: id, payload: {amount}}: Deposited) {
        await this.move(id, amount);
    }

    async [Withdrawn.identity]({aggregateId: id, payload: {amount}}: Withdrawn) {
        await this.move(id, -amount);
    }

    private async move(id: string, amount: number) {
        const {accounts} = this.store.tables;
        const row = await accounts.get({id});
        if (row === null)
            throw new Error(`There is no row of account '${id}'.`);
        row.balance += amount * this.factor;
        await accounts.set(row);
        await tellOwner(row.owner, row.balance);
    }
}
