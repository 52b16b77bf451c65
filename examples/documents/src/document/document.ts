import {Aggregate, ConflictError, DuplicateAggregateError, NotFoundError} from 'woltage';
import {DocumentAnalysisFailed, DocumentAnalyzed, DocumentCreated} from './events.ts';

type Status = 'none' | 'created' | 'analyzed' | 'failed';

export const document = Aggregate.create('document', {$init: (): {status: Status} => ({status: 'none'})})
    .on(DocumentCreated, () => ({status: 'created'}))
    .on(DocumentAnalyzed, () => ({status: 'analyzed'}))
    .on(DocumentAnalysisFailed, () => ({status: 'failed'}));

export const createDocument = document.registerCommand(DocumentCreated.schema, function createDocument({status}, payload, {aggregateId}) {
    if (status !== 'none')
        throw new DuplicateAggregateError(`Document ${aggregateId} is there already.`);
    return new DocumentCreated({payload});
});

export const completeAnalysis = document.registerCommand(DocumentAnalyzed.schema, function completeAnalysis({status}, payload, {aggregateId}) {
    if (status === 'none')
        throw new NotFoundError(`There is no document ${aggregateId}.`, {code: 'DOCUMENT_NOT_FOUND'});
    if (status === 'analyzed')
        throw new ConflictError(`Document ${aggregateId} has been analysed already.`, {code: 'DOCUMENT_ANALYZED'});
    return new DocumentAnalyzed({payload});
});
