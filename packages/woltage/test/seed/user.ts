import {Aggregate, z, ConflictError, DuplicateAggregateError} from 'woltage';
import User from './readModels/User.ts';
import UserRegistered from './events/UserRegistered.ts';

const userAggregate = Aggregate.create('user', {
    $init: () => ({isRegistered: false}),
    [UserRegistered.identity]: () => ({isRegistered: true})
});

userAggregate.registerCommand(
    z.object({
        email: z.email(),
        firstName: z.string(),
        lastName: z.string(),
        password: z.string()
    }),
    async function register(
        {isRegistered},
        payload
    ) {
        if (isRegistered)
            throw new DuplicateAggregateError();
        if (!await User.get().isEmailAddressAvailable(payload.email))
            throw new ConflictError('Email address is not available.');
        const passwordHash = payload.password;
        return new UserRegistered({
            payload: {
                ...payload,
                passwordHash
            }
        });
    }
);

export default userAggregate;
