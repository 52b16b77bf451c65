import {analyzeDocumentOnCreation} from './document/analyze-document-on-creation.ts';
import {document} from './document/document.ts';
import {DocumentProjector, Documents} from './document/documents.ts';
import {DocumentAnalysisFailed, DocumentAnalyzed, DocumentCreated} from './document/events.ts';
import {uploadDocumentFromUrl} from './document/upload-document-from-url.ts';
import {ExpenseCreated} from './expense/events.ts';
import {expense} from './expense/expense.ts';
import {ExpenseProjector, Expenses} from './expense/expenses.ts';

export const model = {
    eventClasses: [DocumentCreated, DocumentAnalyzed, DocumentAnalysisFailed, ExpenseCreated],
    aggregates: [document, expense],
    projectorClasses: [DocumentProjector, ExpenseProjector],
    readModelClasses: [Documents, Expenses],
    actions: [uploadDocumentFromUrl, analyzeDocumentOnCreation],
    projections: [
        {name: 'document', version: 1, projector: DocumentProjector, store: 'main'},
        {name: 'expense', version: 1, projector: ExpenseProjector, store: 'main'}
    ]
};
