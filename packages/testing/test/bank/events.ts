import {Event, z} from 'woltage';

const opened = z.object({owner: z.string().min(1)});
const moved = z.object({amount: z.int().positive()});

export class AccountOpened extends Event<typeof opened> {
    static schema = opened;
    static version = 1;
}

export class Deposited extends Event<typeof moved> {
    static schema = moved;
    static version = 1;
}

export class Withdrawn extends Event<typeof moved> {
    static schema = moved;
    static version = 1;
}

const sent = z.object({to: z.string()});

export class WelcomeSent extends Event<typeof sent> {
    static schema = sent;
    static version = 1;
}
