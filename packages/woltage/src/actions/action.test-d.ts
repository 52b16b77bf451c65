import {Action, onEvent, onMessage, onHttp, onSchedule} from './index.ts';
import {Aggregate} from '../aggregates/index.ts';
import {Decision} from '../decisions/index.ts';
import {defineEvent} from '../events/index.ts';
import {z} from 'zod';
const A = defineEvent('A', {schema: z.object({a: z.string()})});
const B = defineEvent('B', {schema: z.object({b: z.number()})});
const agg = Aggregate.create('x', {$init: () => ({n: 1})});
const cmd = agg.registerCommand(z.object({q: z.number()}), () => undefined, 'cmd');
const dec = Decision.create('d', {input: z.object({z: z.string()}), query: () => ({}), init: {k: 1}, decide: () => undefined});
class RM { find(q: {id: string}) { return [q.id]; } }
export const a1 = Action.create('a', {on: onEvent(A, B, {from: 'start'}), async handler(input, {event, run, stateOf, query, message, scheduleCommand}) {
    const x: {a: string} | {b: number} = input; void x;
    event.payload satisfies {a: string} | {b: number};
    message satisfies undefined;
    await run(cmd, 'id', {q: 1});
    await run(dec, {z: 's'});
    await run(agg, 'id', 'cmd', {q: 1});
    await run('x', 'id', 'cmd', {q: 1});
    // @ts-expect-error -- wrong type of payload
    await run(cmd, 'id', {q: 's'});
    // @ts-expect-error -- wrong type of payload
    await run(dec, {z: 1});
    const at = new Date();
    (await scheduleCommand(at, cmd, 'id', {q: 1}, {}, {id: 'i'})) satisfies string;
    (await scheduleCommand(at, dec, {z: 's'}, {}, {idempotencyKey: 'k'})) satisfies string;
    await scheduleCommand(at, dec, {z: 's'});
    await scheduleCommand(at, agg, 'id', 'cmd', {q: 1}, {}, {id: 'i'});
    await scheduleCommand(at, 'x', 'id', 'cmd', {q: 1}, {}, {idempotencyKey: 'k'});
    // @ts-expect-error -- wrong type of payload
    await scheduleCommand(at, cmd, 'id', {q: 's'});
    // @ts-expect-error -- wrong type of input
    await scheduleCommand(at, dec, {z: 1});
    // @ts-expect-error -- no such option
    await scheduleCommand(at, cmd, 'id', {q: 1}, {}, {key: 'k'});
    const s = await stateOf(agg, 'id'); s.n satisfies number;
    const t = await stateOf(dec, {z: 's'}); t.k satisfies number;
    const r = await query(RM, 'find', {id: 's'}); r satisfies string[];
}});
interface S { mail(to: string): void }
export const a2 = Action.with<S>().create('b', {on: [onMessage('t', {schema: z.object({m: z.string()})}), onSchedule('* * * * *'), onHttp('POST', '/x/:id')], input: z.object({m: z.string()}), handler({m}, {services, message, request}) {
    services.mail(m);
    message?.value.m satisfies string | undefined;
    request?.params satisfies Readonly<Record<string,string>> | undefined;
}, onFinalFailure: ({input, error}, {services}) => { services.mail(input.m + error.message); }});
