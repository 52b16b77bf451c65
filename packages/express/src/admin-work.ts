import type {Router} from 'express';
import {NotFoundError, z, type Woltage} from 'woltage';
import {guard, parse, type AdminDependencies} from './admin.ts';
import {sendJson} from './json.ts';
import {parameter} from './parameter.ts';
import {parseQuery} from './query-string.ts';

const page = z.strictObject({after: z.string().optional(), limit: z.coerce.number().int().min(1).max(1000).optional()});
const pageOfAction = page.extend({action: z.string().optional()});

/** What has failed for good, of one kind. */
interface FailedWork {
    readonly list: (query: unknown) => Promise<unknown>;
    readonly retry: (id: string) => Promise<void>;
    readonly discard: (id: string) => Promise<void>;
}

const kinds = (woltage: Woltage): Readonly<Record<string, FailedWork>> => ({
    'failed-actions': {
        list: query => woltage.getFailedActions(parse(pageOfAction, query, QUERY)), retry: id => woltage.retryFailedAction(id), discard: id => woltage.discardFailedAction(id)
    },
    'failed-commands': {
        list: query => woltage.getFailedCommands(parse(page, query, QUERY)), retry: id => woltage.retryFailedCommand(id), discard: id => woltage.discardFailedCommand(id)
    },
    'failed-effects': {
        list: query => woltage.getFailedEffects(parse(page, query, QUERY)), retry: id => woltage.retryFailedEffect(id), discard: id => woltage.discardFailedEffect(id)
    }
});

const QUERY = 'The query string';

/** Adds the routes that list what actions, scheduled commands and durable effects have failed at for good, and have it done again or given up; and those for commands that wait. Each asks `admin` first. */
export function addWorkRoutes(router: Router, {woltage, admin, fail}: AdminDependencies): void {
    const guarded = guard(admin, fail, 'What has failed, or waits, is for administrators.');
    for (const [path, {list, retry, discard}] of Object.entries(kinds(woltage))) {
        router.get(`/${path}`, guarded(async (req, res) => sendJson(res, await list(parseQuery(req.url)))));
        router.post(`/${path}/:id/retry`, guarded(async (req, res) => sendJson(res, await retry(parameter(req, 'id')))));
        router.delete(`/${path}/:id`, guarded(async (req, res) => sendJson(res, await discard(parameter(req, 'id')))));
    }
    router.get('/scheduled-commands', guarded(async (req, res) => sendJson(res, await woltage.getScheduledCommands(parse(page, parseQuery(req.url), QUERY)))));
    router.delete('/scheduled-commands/:id', guarded(async (req, res) => {
        if (!await woltage.cancelScheduled(parameter(req, 'id')))
            throw new NotFoundError('No scheduled command of this id waits: there is none, or it has begun.', {code: 'UNKNOWN_TASK'});
        sendJson(res, undefined);
    }));
}
