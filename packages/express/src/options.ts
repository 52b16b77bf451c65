import type {Request} from 'express';

/** What somebody wants to do, for `authorize`. */
export type Access =
    | {readonly kind: 'command'; readonly aggregateName: string; readonly aggregateId: string; readonly commandName: string; readonly req: Request}
    | {readonly kind: 'query'; readonly readModelName: string; readonly handlerName: string; readonly req: Request};

/** True or nothing lets a request through; false is 403. An error refuses it: with its own status if it is Woltage's, with 500 if not. */
export type Permission = boolean | void | Promise<boolean | void>;

export interface RouterOptions {
    /** Asked before every command and query. @default everything is allowed */
    readonly authorize?: ((access: Access) => Permission) | undefined;
    /** What command handlers and read models get as their context. @default nothing */
    readonly context?: ((req: Request) => object | Promise<object>) | undefined;
    /**
     * Mounts the routes that list, add, switch and remove projections, for those whom this function lets through. Only `true` does.
     * @default there are no such routes
     */
    readonly admin?: ((req: Request) => boolean | Promise<boolean>) | undefined;
    /** The largest body of a command, in bytes or as text such as `'1mb'`. @default '100kb' */
    readonly bodyLimit?: number | string | undefined;
    /** How long a query with a `Woltage-After` header waits, in ms. @default 5000 */
    readonly waitTimeoutMs?: number | undefined;
    /** Hears of every error that is answered with a status of 500 or more. */
    readonly onError?: ((error: unknown, req: Request) => void) | undefined;
}
