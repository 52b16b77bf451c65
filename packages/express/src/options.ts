import type {Request} from 'express';
import type {Logger} from 'woltage';

/**
 * What somebody wants to do, for `authorize`. Names are as in the path, decoded; a read model's is in lower case, for it is
 * found in any case: compare it with `'users'`, not with `'Users'`. An action's method and path are those of its `onHttp`, such as
 * `/documents/:id/analysis`.
 *
 * Further kinds may come: allow what you know, and refuse the rest. A hook that only looks for what it forbids lets a new kind through.
 */
export type Access =
    | {readonly kind: 'command'; readonly aggregateName: string; readonly aggregateId: string; readonly commandName: string; readonly req: Request}
    | {readonly kind: 'decision'; readonly decisionName: string; readonly req: Request}
    | {readonly kind: 'query'; readonly readModelName: string; readonly handlerName: string; readonly req: Request}
    | {readonly kind: 'action'; readonly actionName: string; readonly method: string; readonly path: string; readonly req: Request};

/**
 * True or nothing lets a request through; everything else, such as false or null, is 403. An error refuses it: with its own
 * status if it is Woltage's, with 500 if not. Beware of `req.user?.isAdmin`, which is nothing without a user:
 * `req.user?.isAdmin === true` is what refuses.
 */
export type Permission = boolean | void | Promise<boolean | void>;

/** What `createRouter` takes beside the Woltage instance. */
export interface RouterOptions {
    /**
     * Asked before every command, decision, query and action, and before a body is read. What depends on the payload is decided in the
     * command's handler, with what `context` tells it.
     *
     * @default everything is allowed
     */
    readonly authorize?: ((access: Access) => Permission) | undefined;
    /**
     * What command handlers, decisions and read models get as their context, and actions as `request.context`. An error it throws refuses the request. For actions that answer
     * `accepted` it must be plain data, which is kept with the work until that is done. @default {}
     */
    readonly context?: ((req: Request) => object | Promise<object>) | undefined;
    /**
     * Whose `Idempotency-Key` it is: keys of different callers never meet. It should be the same when a request is sent again, such as the user's id.
     *
     * @default the header `Authorization`
     */
    readonly idempotencyScope?: ((req: Request) => string | Promise<string>) | undefined;
    /**
     * Mounts the routes under `/projections` that list, add, switch, retry and remove projections, those under `/failed-actions`, `/failed-commands` and `/failed-effects` that list, retry and discard
     * what has failed for good, and those under `/scheduled-commands` that list and cancel what waits, for those whom this function lets through: only `true` does. An error refuses, like one of `authorize`.
     *
     * @default there are no such routes
     */
    readonly admin?: ((req: Request) => boolean | Promise<boolean>) | undefined;
    /**
     * The largest body, in bytes (as sent, and as unpacked) or as text such as `'1mb'` (b, kb, mb or gb, of 1024 each). Where the
     * application has parsed the body itself, its own limit holds. @default '100kb'
     */
    readonly bodyLimit?: number | string | undefined;
    /** How long a query with a `Woltage-After` header waits, in ms. @default 5000 */
    readonly waitTimeoutMs?: number | undefined;
    /** Hears of every error that is answered with a status of 500 or more. What it returns or throws changes nothing about the answer. @default nobody does */
    readonly onError?: ((error: unknown, req: Request) => unknown) | undefined;
    /** A pino-compatible logger that the same errors are logged to, with method and path. @default nothing is logged */
    readonly logger?: Pick<Logger, 'error'> | undefined;
}
