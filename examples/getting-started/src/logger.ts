import type {Logger} from 'woltage';

const write = (level: string) => (details: object, message: string): void => {
    const {err, ...rest} = details as {err?: Error};
    console.log(`${level} ${message}`, Object.keys(rest).length === 0 ? '' : JSON.stringify(rest), err?.message ?? '');
};

/** Prints what Woltage has to say. In production, pass a pino logger instead. */
export const logger: Logger = {debug: () => undefined, info: write('INFO'), warn: write('WARN'), error: write('ERROR')};
