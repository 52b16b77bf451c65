import {BadRequestError, type Woltage} from 'woltage';
import {authorize, contextOf} from './access.ts';
import type {ReadBody} from './body.ts';
import type {Answer} from './failures.ts';
import {idempotencyKeyOf, refuseIdempotencyKey} from './idempotency.ts';
import {sendJson} from './json.ts';
import {parameter} from './parameter.ts';
import {parseQuery} from './query-string.ts';
import type {Settings} from './settings.ts';

/** Answers a command: what it did, but no payloads, which may hold more than the caller should see. */
export function executeCommand(woltage: Woltage, settings: Settings, readBody: ReadBody): Answer {
    return async (req, res) => {
        const aggregateName = parameter(req, 'aggregateName');
        const aggregateId = parameter(req, 'aggregateId');
        const commandName = parameter(req, 'commandName');
        // Before the body is read: nobody's large body is taken in before it is known whether they may send it.
        await authorize(settings, {kind: 'command', aggregateName, aggregateId, commandName, req});
        const idempotencyKey = await idempotencyKeyOf(req, settings);
        const payload = await readBody(req, res);
        const {revision, position, events} = await woltage.executeCommand(
            aggregateName, aggregateId, commandName, payload, await contextOf(settings, req), {idempotencyKey}
        );
        res.set('Woltage-Position', position.toString());
        sendJson(res, {revision, position, events: events.map(({id, type, version}) => ({id, type, version}))});
    };
}

/** Answers a decision like a command. */
export function decide(woltage: Woltage, settings: Settings, readBody: ReadBody): Answer {
    return async (req, res) => {
        const decisionName = parameter(req, 'decisionName');
        await authorize(settings, {kind: 'decision', decisionName, req});
        refuseIdempotencyKey(req);
        const input = await readBody(req, res);
        const {position, events} = await woltage.decide(decisionName, input, await contextOf(settings, req));
        res.set('Woltage-Position', position.toString());
        sendJson(res, {position, events: events.map(({id, type, version}) => ({id, type, version}))});
    };
}

/** Answers a query with what the read model's handler returns. */
export function executeQuery(woltage: Woltage, settings: Settings): Answer {
    return async (req, res) => {
        // Read models are found in any case. A hook must not be evaded by another spelling, so it is given just one.
        const readModelName = parameter(req, 'readModelName').toLowerCase();
        const handlerName = parameter(req, 'handlerName');
        await authorize(settings, {kind: 'query', readModelName, handlerName, req});
        const after = parseAfter(req.get('Woltage-After'));
        const result = await woltage.executeQuery(
            readModelName, handlerName, parseQuery(req.url), await contextOf(settings, req), {after, timeoutMs: settings.waitTimeoutMs}
        );
        sendJson(res, result);
    };
}

/** The position that a query waits for; -1 is what a command answers where nothing has ever happened. */
function parseAfter(header: string | undefined): bigint | undefined {
    if (header === undefined)
        return undefined;
    if (!/^(?:-1|\d{1,19})$/.test(header))
        throw new BadRequestError('The header Woltage-After must be a position, as a command answered it in Woltage-Position.', {code: 'INVALID_POSITION'});
    return BigInt(header);
}
