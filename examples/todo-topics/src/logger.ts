import type {Logger} from 'woltage';

const write = (level: string) => (details: object, message: string): void => {
    const {err, ...rest} = details as {err?: Error};
    console.error(`${level} ${message}`, Object.keys(rest).length === 0 ? '' : JSON.stringify(rest), err?.message ?? '');
};

/** Prints what is worth a look. In production, pass a pino logger instead. */
export const logger: Logger = {debug: () => undefined, info: () => undefined, warn: write('WARN'), error: write('ERROR')};
