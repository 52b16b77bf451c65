import {Action, onEvent} from 'woltage';
import {createExpense} from '../expense/expense.ts';
import type {Services} from '../services/services.ts';
import {completeAnalysis} from './document.ts';
import {DocumentAnalysisFailed, DocumentCreated} from './events.ts';

/** Looks into each new document, and makes an expense of what is one. */
export const analyzeDocumentOnCreation = Action.with<Services>().create('analyzeDocumentOnCreation', {
    on: onEvent(DocumentCreated, {from: 'start'}),
    retry: {maxAttempts: 5, backoffMs: 200},
    async handler({key, contentType}, {event, services, run, newId}) {
        const file = await services.fileStorage.get(key);
        const analysis = await services.analyzer.analyze(file, contentType);
        if (!analysis.isExpense) {
            await run(completeAnalysis, event.aggregateId, analysis);
            return;
        }
        const expenseId = newId();
        const {isExpense, ...expense} = analysis;
        await run(createExpense, expenseId, {documentId: event.aggregateId, ...expense});
        await run(completeAnalysis, event.aggregateId, {isExpense, expenseId});
    },
    onFinalFailure: ({error, attempts}, {event}) => ({
        aggregateName: 'document',
        events: new DocumentAnalysisFailed({aggregateId: event.aggregateId, payload: {error: error.message, attempts}})
    })
});
