import {createRouter} from '@woltage/express';
import express, {type Express, type Request} from 'express';
import {UnauthorizedError, type Logger, type Woltage} from 'woltage';

interface User {
    readonly id: string;
    readonly isAdmin: boolean;
}

export function createApp(woltage: Woltage, users: ReadonlyMap<string, User>, logger: Logger): Express {
    const userOf = (req: Request): User | undefined => users.get(req.get('authorization') ?? '');

    const app = express();
    app.use('/api', createRouter(woltage, {
        authorize({kind, req}) {
            const user = userOf(req);
            if (user === undefined)
                throw new UnauthorizedError();
            return kind === 'query' || user.isAdmin;
        },
        admin: req => userOf(req)?.isAdmin === true,
        context: req => ({userId: userOf(req)?.id}),
        bodyLimit: '1mb',
        logger
    }));
    return app;
}
