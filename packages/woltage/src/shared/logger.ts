type Log = (details: object, message: string) => void;

/** What Woltage logs to: pino's shape, so a pino logger fits as it is. Without one, nothing is logged. */
export interface Logger {
    readonly debug: Log;
    readonly info: Log;
    readonly warn: Log;
    readonly error: Log;
}

const ignore: Log = () => undefined;

export const silentLogger: Logger = {debug: ignore, info: ignore, warn: ignore, error: ignore};

/** A logger that says something more in each line. */
export const withDetails = (log: Logger, more: object): Logger => ({
    debug: (details, message) => log.debug({...more, ...details}, message),
    info: (details, message) => log.info({...more, ...details}, message),
    warn: (details, message) => log.warn({...more, ...details}, message),
    error: (details, message) => log.error({...more, ...details}, message)
});
