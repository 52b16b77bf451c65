import {createGiven} from '@woltage/testing';
import {describe, it} from 'vitest';
import {completeAnalysis, createDocument} from '../src/document/document.ts';
import {DocumentProjector} from '../src/document/documents.ts';
import {DocumentAnalysisFailed, DocumentAnalyzed, DocumentCreated} from '../src/document/events.ts';
import {ExpenseCreated} from '../src/expense/events.ts';
import {createExpense} from '../src/expense/expense.ts';
import {ExpenseProjector} from '../src/expense/expenses.ts';
import {model} from '../src/model.ts';

const {eventClasses, aggregates} = model;
const given = createGiven({eventClasses, aggregates});
const file = {url: 'http://example.org/a', key: 'k', contentType: 'text/plain', bytes: 3};
const created = () => new DocumentCreated({aggregateId: 'd1', payload: file, timestamp: 1});
const isNone = {isExpense: false, reason: 'a letter'} as const;
const bill = {documentId: 'd1', amount: 12.5, currency: 'EUR', date: '2026-11-21', vendor: 'Shop'};

describe('A document', () => {
    it('is created once', async () => {
        await given([]).when(createDocument, file).then([new DocumentCreated({payload: file})]);
        await given([created()]).when(createDocument, file).then('DUPLICATE_AGGREGATE');
    });

    it('is analysed once, also after a failure', async () => {
        const analyzed = new DocumentAnalyzed({payload: isNone});
        const failed = new DocumentAnalysisFailed({aggregateId: 'd1', payload: {error: 'tired', attempts: 5}});
        await given([created()]).when(completeAnalysis, isNone).then([analyzed]);
        await given([created(), failed]).when(completeAnalysis, isNone).then([analyzed]);
        await given([created(), new DocumentAnalyzed({aggregateId: 'd1', payload: isNone})]).when(completeAnalysis, isNone).then('DOCUMENT_ANALYZED');
        await given([]).when(completeAnalysis, isNone).then('DOCUMENT_NOT_FOUND');
    });

    it('is shown as it stands', async () => {
        const row = {id: 'd1', ...file, createdAt: 1};
        await given([created()]).expectRows(DocumentProjector, {documents: [{...row, status: 'created'}]});
        await given([created(), new DocumentAnalyzed({aggregateId: 'd1', payload: {isExpense: true, expenseId: 'e1'}})])
            .expectRows(DocumentProjector, {documents: [{...row, status: 'analyzed', expenseId: 'e1'}]});
        await given([created(), new DocumentAnalysisFailed({aggregateId: 'd1', payload: {error: 'tired', attempts: 5}})])
            .expectRows(DocumentProjector, {documents: [{...row, status: 'failed', reason: 'tired'}]});
    });
});

describe('An expense', () => {
    it('is created once', async () => {
        await given([]).when(createExpense, bill).then([new ExpenseCreated({payload: bill})]);
        await given([new ExpenseCreated({payload: bill})]).when(createExpense, bill).then('DUPLICATE_AGGREGATE');
    });

    it.each([{amount: 0}, {currency: 'euro'}, {date: '21.11.2026'}, {vendor: ''}])('refuses %j', async wrong => {
        await given([]).when(createExpense, {...bill, ...wrong}).then('VALIDATION_FAILED');
    });

    it('is shown', async () => {
        await given([new ExpenseCreated({aggregateId: 'e1', payload: bill})]).expectRows(ExpenseProjector, {expenses: [{id: 'e1', ...bill}]});
    });
});
