import {context, metrics, SpanStatusCode, trace} from '@opentelemetry/api';
import {AsyncLocalStorageContextManager} from '@opentelemetry/context-async-hooks';
import {AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader} from '@opentelemetry/sdk-metrics';
import {BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor} from '@opentelemetry/sdk-trace-base';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {MemoryEventStore} from 'woltage';
import {addItem, createApp as createShop} from '../../../test/decisions/domain.ts';
import {createApp, eventually} from './support/account.ts';

const spans = new InMemorySpanExporter();
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({exporter, exportIntervalMillis: 60_000});

beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider({spanProcessors: [new SimpleSpanProcessor(spans)]}));
    metrics.setGlobalMeterProvider(new MeterProvider({readers: [reader]}));
});
afterAll(() => {
    context.disable();
    trace.disable();
    metrics.disable();
});

describe('telemetry', () => {
    it('has spans and metrics of commands, queries, batches, effects and the lag', async () => {
        const app = await createApp();
        const {woltage, open, move} = app;
        await woltage.addProjection('account', 1, 'AccountProjector', 1, 'main');
        await woltage.setProjectionActive('account', 1);
        await woltage.executeCommand(open, 'a', {owner: 'Ann'});
        const {position} = await woltage.executeCommand(move, 'a', {amount: 1});
        await expect(woltage.executeCommand(move, 'nobody', {amount: 1})).rejects.toMatchObject({code: 'NOT_FOUND'});
        await woltage.executeQuery('accounts', 'byId', {id: 'a'}, {}, {after: position});
        await eventually(() => app.effects.length === 2);
        await reader.forceFlush();

        const finished = spans.getFinishedSpans();
        const commands = finished.filter(({name}) => name === 'woltage.command');
        expect(commands.map(({attributes, status}) => [attributes['woltage.command'], status.code])).toEqual([
            ['open', SpanStatusCode.UNSET], ['move', SpanStatusCode.UNSET], ['move', SpanStatusCode.ERROR]
        ]);
        const append = finished.find(({name}) => name === 'woltage.append');
        expect(append?.parentSpanContext?.spanId).toBe(commands[0]?.spanContext().spanId);
        expect(append?.attributes).toMatchObject({'woltage.aggregate': 'account', 'woltage.events': 1});
        expect(finished.filter(({name}) => name === 'woltage.effect')).toHaveLength(2);
        expect(finished.find(({name}) => name === 'woltage.projection.batch')?.attributes).toMatchObject({'woltage.projection': 'account@1', 'woltage.rows': 1});
        expect(finished.find(({name}) => name === 'woltage.query')?.attributes).toMatchObject({'woltage.read_model': 'accounts', 'woltage.handler': 'byId'});

        const measured = Object.fromEntries((exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? []).map(({descriptor, dataPoints}) => [descriptor.name, dataPoints]));
        expect(Object.keys(measured).sort()).toEqual([
            'woltage.command.duration', 'woltage.effects', 'woltage.projection.batch.duration', 'woltage.projection.events', 'woltage.projection.lag', 'woltage.query.duration'
        ]);
        expect(measured['woltage.projection.events']).toMatchObject([{value: 2, attributes: {'woltage.projection': 'account@1'}}]);
        expect(measured['woltage.projection.lag']).toMatchObject([{value: 0, attributes: {'woltage.projection': 'account@1', 'woltage.state': 'live'}}]);
        expect(measured['woltage.command.duration']?.map(({attributes}) => attributes['error.type'])).toEqual([undefined, undefined, 'NOT_FOUND']);
        await woltage.stop();
    });

    it('has spans and metrics of decisions', async () => {
        spans.reset();
        const shop = await createShop({adapter: MemoryEventStore});
        for (let i = 0; i < 3; i++)
            await shop.decide(addItem, {cartId: '1', productId: '1'});
        await expect(shop.decide(addItem, {cartId: '1', productId: '1'})).rejects.toMatchObject({code: 'CART_FULL'});
        await shop.stop();
        await reader.forceFlush();
        const finished = spans.getFinishedSpans();
        const decided = finished.filter(({name}) => name === 'woltage.decision');
        expect(decided.map(({attributes, status}) => [attributes['woltage.decision'], status.code])).toEqual([...Array<unknown>(3).fill(['addItem', SpanStatusCode.UNSET]), ['addItem', SpanStatusCode.ERROR]]);
        expect(finished.filter(({name}) => name === 'woltage.append').map(span => span.parentSpanContext?.spanId)).toEqual(decided.slice(0, 3).map(span => span.spanContext().spanId));
        const metric = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics.find(({descriptor}) => descriptor.name === 'woltage.decision.duration');
        expect(metric?.dataPoints.map(({attributes}) => attributes)).toEqual([{'woltage.decision': 'addItem'}, {'woltage.decision': 'addItem', 'error.type': 'CART_FULL'}]);
    });
});
